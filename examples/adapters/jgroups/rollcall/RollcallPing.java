package rollcall;

import java.net.InetSocketAddress;
import java.util.List;
import org.jgroups.Address;
import org.jgroups.annotations.Property;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.protocols.TCPPING;
import org.jgroups.util.Responses;

/** TCPPING whose list of hosts is the group of this pod, read anew for every discovery. */
public class RollcallPing extends TCPPING {
  static {
    // Protocols that are not JGroups' own have numbers from 512 on; another of yours must have another.
    ClassConfigurator.addProtocol((short) 1765, RollcallPing.class);
  }

  @Property(description = "The latest snapshot that the sidecar keeps")
  protected String file = "/run/rollcall/members.json";

  @Property(description = "The name that the Service gives the port of JGroups")
  protected String port_name = "jgroups";

  @Property(description = "The port of members for which the Service has none of that name")
  protected int port = 7800;

  private MembersFile members;

  public RollcallPing file(String path) {
    file = path;
    return this;
  }

  @Override
  public void init() throws Exception {
    members = new MembersFile(file);
    setInitialHosts(List.of());
    // The ports are exact: no other is tried.
    setPortRange(0);
    super.init();
  }

  @Override
  public boolean isDynamic() {
    return true;
  }

  @Override
  public void findMembers(List<Address> sought, boolean initial, Responses responses) {
    members.members().ifPresent(known -> setInitialHosts(known.stream()
        .filter(member -> !member.addresses().isEmpty())
        .map(member -> new InetSocketAddress(
            member.addresses().get(0), member.ports().getOrDefault(port_name, port)))
        .toList()));
    super.findMembers(sought, initial, responses);
  }
}
