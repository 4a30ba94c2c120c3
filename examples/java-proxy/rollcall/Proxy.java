package rollcall;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;

/** A TCP proxy in front of the pods of a Service, which it knows from Rollcall's socket. */
public final class Proxy {
  private static final Path SOCKET = Path.of(setting("ROLLCALL_SOCKET", "/run/rollcall/members.sock"));
  private static final int LISTEN_PORT = Integer.parseInt(setting("LISTEN_PORT", "8080"));
  /** The name that the Service gives the port; "" is that of a port without a name. */
  private static final String PORT_NAME = setting("PORT_NAME", "http");
  private static final long DRAIN_SECONDS = Long.parseLong(setting("DRAIN_SECONDS", "30"));
  /** Two threads each: a thousand take some 20 MB of stacks that are in use. */
  private static final int MAX_CONNECTIONS = 1000;
  /** A pod on another node answers within milliseconds; one that is gone may not answer at all. */
  private static final int CONNECT_MILLIS = 1000;
  /** A client is kept for so long when no backend is ready, rather than turned away. */
  private static final long WAIT_NANOS = 5_000_000_000L;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final Backends backends = new Backends(DRAIN_SECONDS, timer);
  private final Semaphore places = new Semaphore(MAX_CONNECTIONS);
  private volatile ServerSocketChannel listener;

  public static void main(String[] args) throws Exception {
    Proxy proxy = new Proxy();
    Runtime.getRuntime().addShutdownHook(new Thread(proxy::stop));
    try {
      new Follower(SOCKET, proxy::changed).follow();
    } catch (RuntimeException | Error error) {
      // A proxy that no longer follows its backends must not go on as if it did.
      System.err.println("rollcall: " + error);
      System.exit(1);
    }
  }

  private void changed(Group group) {
    System.out.println(group);
    backends.update(group.members());
    // Before the first snapshot nobody is known, so there is nothing to listen for: the pod is not ready yet.
    if (listener == null) listen();
  }

  private void listen() {
    try {
      ServerSocketChannel channel = ServerSocketChannel.open();
      channel.bind(new InetSocketAddress(LISTEN_PORT), 1024);
      listener = channel;
    } catch (IOException error) {
      throw new IllegalStateException("port " + LISTEN_PORT + ": " + error.getMessage(), error);
    }
    System.out.println("listening on port " + listener.socket().getLocalPort());
    threads.execute(this::accept);
  }

  private void accept() {
    while (listener.isOpen()) {
      places.acquireUninterruptibly();
      try {
        SocketChannel client = listener.accept();
        threads.execute(() -> serve(client));
      } catch (IOException error) {
        places.release();
        if (listener.isOpen()) System.err.println("accept: " + error.getMessage());
      }
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      client.setOption(StandardSocketOptions.TCP_NODELAY, true);
      long giveUpAt = System.nanoTime() + WAIT_NANOS;
      while (!servedByOneOf(client)) {
        if (System.nanoTime() > giveUpAt) throw new IOException("no backend takes a connection");
        Thread.sleep(100);
      }
    } catch (IOException error) {
      System.err.println("proxy: " + error.getMessage());
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    } finally {
      places.release();
    }
  }

  /** Nothing of the client's has been sent before a backend takes the connection, so the next may be tried. */
  private boolean servedByOneOf(SocketChannel client) throws InterruptedException {
    for (Member member : backends.candidates()) {
      Integer port = member.ports().get(PORT_NAME);
      if (port == null || member.addresses().isEmpty()) continue;
      try (SocketChannel backend = SocketChannel.open()) {
        backend.setOption(StandardSocketOptions.TCP_NODELAY, true);
        backend.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        backend.socket().connect(new InetSocketAddress(member.addresses().get(0), port), CONNECT_MILLIS);
        Connection connection = new Connection(client, backend);
        backends.opened(member.uid(), connection);
        try {
          connection.run(threads);
        } finally {
          backends.ended(member.uid(), connection);
        }
        return true;
      } catch (IOException error) {
        System.err.println("backend " + member.name() + ": " + error.getMessage());
      }
    }
    return false;
  }

  /** On SIGTERM: no new connections, and what runs goes on for as long as a backend's would. */
  private void stop() {
    try {
      if (listener != null) listener.close();
      long end = System.nanoTime() + DRAIN_SECONDS * 1_000_000_000L;
      while (places.availablePermits() < MAX_CONNECTIONS && System.nanoTime() < end) Thread.sleep(50);
    } catch (IOException | InterruptedException error) {
      System.err.println("stop: " + error.getMessage());
    }
  }

  private static String setting(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null ? otherwise : value;
  }
}
