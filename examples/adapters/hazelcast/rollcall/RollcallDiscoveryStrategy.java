package rollcall;

import com.hazelcast.cluster.Address;
import com.hazelcast.logging.ILogger;
import com.hazelcast.spi.discovery.AbstractDiscoveryStrategy;
import com.hazelcast.spi.discovery.DiscoveryNode;
import com.hazelcast.spi.discovery.SimpleDiscoveryNode;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Hazelcast asks who may be there, at the start and every few seconds: the group of this pod, ready or not. */
final class RollcallDiscoveryStrategy extends AbstractDiscoveryStrategy {
  private final MembersFile file;
  private final String portName;
  private final int port;

  RollcallDiscoveryStrategy(ILogger logger, Map<String, Comparable> properties) {
    super(logger, properties);
    file = new MembersFile(getOrDefault(RollcallDiscoveryStrategyFactory.FILE, "/run/rollcall/members.json"));
    portName = getOrDefault(RollcallDiscoveryStrategyFactory.PORT_NAME, "hazelcast");
    port = getOrDefault(RollcallDiscoveryStrategyFactory.PORT, 5701);
  }

  @Override
  public Iterable<DiscoveryNode> discoverNodes() {
    List<DiscoveryNode> nodes = new ArrayList<>();
    for (Member member : file.members().orElse(List.of())) {
      if (member.addresses().isEmpty()) continue;
      int number = member.ports().getOrDefault(portName, port);
      try {
        Address address = new Address(member.addresses().get(0), number);
        nodes.add(new SimpleDiscoveryNode(address, Map.of("name", member.name())));
      } catch (UnknownHostException error) {
        getLogger().warning(member.name() + " has no address that can be used: " + error.getMessage());
      }
    }
    return nodes;
  }
}
