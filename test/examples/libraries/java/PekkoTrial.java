import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.discovery.Discovery;
import org.apache.pekko.discovery.Lookup;
import org.apache.pekko.discovery.ServiceDiscovery;

/** Looks a service up before there is a file, when it is there, and after it was spoilt; prints each answer. */
public final class PekkoTrial {
  public static void main(String[] args) throws Exception {
    Path file = Path.of(args[0]);
    Path hidden = file.resolveSibling("hidden.json");
    Files.move(file, hidden);
    ActorSystem system =
        ActorSystem.create(
            "trial",
            ConfigFactory.parseString(
                    "pekko.discovery { method = rollcall, rollcall { class = rollcall.RollcallServiceDiscovery, file = \""
                        + file
                        + "\" } }")
                .withFallback(ConfigFactory.load()));
    ServiceDiscovery discovery = Discovery.get(system).discovery();
    print(discovery);
    Files.move(hidden, file);
    print(discovery);
    Files.writeString(file, "{");
    print(discovery);
    system.terminate();
  }

  private static void print(ServiceDiscovery discovery) throws Exception {
    Lookup lookup = Lookup.create("anything").withPortName("jgroups");
    try {
      ServiceDiscovery.Resolved found = discovery.lookup(lookup, Duration.ofSeconds(5)).toCompletableFuture().get();
      StringBuilder text = new StringBuilder("found");
      found.getAddresses().forEach(one -> text.append(' ').append(one.host()).append(':').append(one.getPort().orElse("none")));
      System.out.println(text);
    } catch (ExecutionException error) {
      System.out.println("failed: " + error.getCause().getMessage());
    }
  }
}
