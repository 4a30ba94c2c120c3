package rollcall;

import static com.hazelcast.config.properties.PropertyTypeConverter.INTEGER;
import static com.hazelcast.config.properties.PropertyTypeConverter.STRING;

import com.hazelcast.config.properties.PropertyDefinition;
import com.hazelcast.config.properties.SimplePropertyDefinition;
import com.hazelcast.logging.ILogger;
import com.hazelcast.spi.discovery.DiscoveryNode;
import com.hazelcast.spi.discovery.DiscoveryStrategy;
import com.hazelcast.spi.discovery.DiscoveryStrategyFactory;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What META-INF/services names, so that a configuration may name the strategy by its class. */
public final class RollcallDiscoveryStrategyFactory implements DiscoveryStrategyFactory {
  /** The latest snapshot that the sidecar keeps. */
  static final PropertyDefinition FILE = new SimplePropertyDefinition("file", true, STRING);
  /** The name that the Service gives the port of Hazelcast. */
  static final PropertyDefinition PORT_NAME = new SimplePropertyDefinition("port-name", true, STRING);
  /** The port of members for which the Service has none of that name. */
  static final PropertyDefinition PORT = new SimplePropertyDefinition("port", true, INTEGER);

  @Override
  public Class<? extends DiscoveryStrategy> getDiscoveryStrategyType() {
    return RollcallDiscoveryStrategy.class;
  }

  @Override
  public DiscoveryStrategy newDiscoveryStrategy(
      DiscoveryNode self, ILogger logger, Map<String, Comparable> properties) {
    return new RollcallDiscoveryStrategy(logger, properties);
  }

  @Override
  public Collection<PropertyDefinition> getConfigurationProperties() {
    return List.of(FILE, PORT_NAME, PORT);
  }
}
