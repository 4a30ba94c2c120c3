import java.net.InetAddress;
import org.jgroups.JChannel;
import org.jgroups.protocols.FD_ALL3;
import org.jgroups.protocols.TCP;
import org.jgroups.protocols.UNICAST3;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.protocols.pbcast.NAKACK2;
import org.jgroups.protocols.pbcast.STABLE;
import rollcall.RollcallPing;

/** Starts two channels on the given ports, and prints how many members the second one sees. */
public final class JGroupsTrial {
  public static void main(String[] args) throws Exception {
    try (JChannel first = channel(args[0], Integer.parseInt(args[1]));
        JChannel second = channel(args[0], Integer.parseInt(args[2]))) {
      first.connect("trial");
      second.connect("trial");
      System.out.println("size " + second.getView().size());
    }
    System.exit(0);
  }

  private static JChannel channel(String file, int port) throws Exception {
    TCP tcp = new TCP();
    tcp.setBindAddress(InetAddress.getLoopbackAddress());
    tcp.setBindPort(port);
    RollcallPing ping = new RollcallPing().file(file);
    return new JChannel(tcp, ping, new FD_ALL3(), new NAKACK2(), new UNICAST3(), new STABLE(), new GMS().setJoinTimeout(2000));
  }
}
