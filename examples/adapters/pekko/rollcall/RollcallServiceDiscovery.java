package rollcall;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.discovery.Lookup;
import org.apache.pekko.discovery.ServiceDiscovery;
import scala.Option;
import scala.concurrent.Future;
import scala.concurrent.Future$;
import scala.concurrent.duration.FiniteDuration;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The discovery method "rollcall" of Pekko. A lookup gives the members of this pod's group, ready or not, since a
 * cluster has to form before its pods are ready. The name in the lookup is not looked at: there is one group.
 */
public final class RollcallServiceDiscovery extends ServiceDiscovery {
  private final MembersFile file;

  /** Pekko makes it, by the class that `pekko.discovery.rollcall.class` names. */
  public RollcallServiceDiscovery(ExtendedActorSystem system) {
    file = new MembersFile(system.settings().config().getString("pekko.discovery.rollcall.file"));
  }

  @Override
  public Future<Resolved> lookup(Lookup lookup, FiniteDuration timeout) {
    Optional<List<Member>> members = file.members();
    // A failure, not an empty answer: whoever bootstraps must not conclude that it is alone.
    if (members.isEmpty()) {
      return Future$.MODULE$.failed(new IllegalStateException("the group is not known yet"));
    }
    List<ResolvedTarget> targets = new ArrayList<>();
    String portName = lookup.portName().getOrElse(() -> "");
    for (Member member : members.get()) {
      if (!member.addresses().isEmpty()) targets.add(target(member, portName));
    }
    Resolved resolved = new Resolved(lookup.serviceName(), CollectionConverters.asScala(targets).toList());
    return Future$.MODULE$.successful(resolved);
  }

  private static ResolvedTarget target(Member member, String portName) {
    String address = member.addresses().get(0);
    return new ResolvedTarget(address, Option.apply(member.ports().get(portName)), Option.apply(literal(address)));
  }

  /** The address as what it is; no name is looked up. */
  private static InetAddress literal(String address) {
    try {
      return InetAddress.getByName(address);
    } catch (UnknownHostException error) {
      return null;
    }
  }
}
