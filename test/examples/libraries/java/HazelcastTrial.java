import com.hazelcast.config.Config;
import com.hazelcast.config.DiscoveryStrategyConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import rollcall.RollcallDiscoveryStrategyFactory;

/** Starts two instances on the given ports, and prints how many members the second one sees. */
public final class HazelcastTrial {
  public static void main(String[] args) throws Exception {
    HazelcastInstance first = instance(args[0], Integer.parseInt(args[1]));
    HazelcastInstance second = instance(args[0], Integer.parseInt(args[2]));
    System.out.println("size " + second.getCluster().getMembers().size());
    second.getLifecycleService().terminate();
    first.getLifecycleService().terminate();
    System.exit(0);
  }

  private static HazelcastInstance instance(String file, int port) {
    Config config = new Config();
    config.setProperty("hazelcast.discovery.enabled", "true").setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.socket.bind.any", "false").setProperty("hazelcast.logging.type", "none");
    config.getNetworkConfig().setPort(port).setPortAutoIncrement(false);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    JoinConfig join = config.getNetworkConfig().getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    DiscoveryStrategyConfig strategy = new DiscoveryStrategyConfig("rollcall.RollcallDiscoveryStrategy");
    strategy.addProperty("file", file);
    strategy.addProperty("port-name", "hazelcast");
    join.getDiscoveryConfig().addDiscoveryStrategyConfig(strategy);
    return Hazelcast.newHazelcastInstance(config);
  }
}
