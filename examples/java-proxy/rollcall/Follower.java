package rollcall;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Follows the sidecar's socket, over one connection after another, and tells after every change. */
public final class Follower {
  /**
   * A snapshot is one line of up to 500 bytes a member: 16 MiB have room for 33,000. A longer line is not believed.
   * While it is read, a line takes some ten times its bytes, so a small heap takes shorter ones: 4 MiB of 64.
   */
  private static final int MAX_LINE_BYTES = (int) Math.min(16 * 1024 * 1024, Runtime.getRuntime().maxMemory() / 16);
  private static final byte NEWLINE = '\n';

  private final UnixDomainSocketAddress address;
  private final Consumer<Group> changed;
  private final Group group = new Group();
  private final ScheduledExecutorService watchdog =
      Executors.newSingleThreadScheduledExecutor(work -> daemon(work, "rollcall-watchdog"));

  /** `changed` is called by the thread that reads; it must not block for long. */
  public Follower(Path socket, Consumer<Group> changed) {
    this.address = UnixDomainSocketAddress.of(socket);
    this.changed = changed;
  }

  /** Returns only by an exception: `Group.UnsupportedProtocol`, or what `changed` throws. */
  public void follow() throws InterruptedException {
    for (;;) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(address);
        read(channel);
      } catch (IOException | Group.Broken error) {
        System.err.println("rollcall: " + error.getMessage() + "; connecting again");
      }
      group.disconnected();
      if (group.synced()) changed.accept(group);
      // By chance, so that the readers of a pod do not come in step when the sidecar starts again.
      Thread.sleep(ThreadLocalRandom.current().nextLong(100, 1000));
    }
  }

  private void read(SocketChannel channel) throws IOException, Group.Broken {
    group.connected();
    ByteBuffer chunk = ByteBuffer.allocate(64 * 1024);
    byte[] rest = new byte[4096];
    int length = 0;
    while (readInTime(channel, chunk.clear()) >= 0) {
      chunk.flip();
      int from = 0;
      for (int i = 0; i < chunk.limit(); i++) {
        if (chunk.get(i) != NEWLINE) continue;
        rest = append(rest, length, chunk.array(), from, i);
        take(rest, length + i - from);
        length = 0;
        from = i + 1;
      }
      rest = append(rest, length, chunk.array(), from, chunk.limit());
      length += chunk.limit() - from;
    }
    throw new IOException("the sidecar closed the connection");
  }

  /** A blocking read of a channel has no time limit of its own: whoever is silent is closed from outside. */
  private int readInTime(SocketChannel channel, ByteBuffer buffer) throws IOException {
    ScheduledFuture<?> closing =
        watchdog.schedule(() -> close(channel), group.silenceMillis(), TimeUnit.MILLISECONDS);
    try {
      return channel.read(buffer);
    } catch (java.nio.channels.AsynchronousCloseException error) {
      throw new IOException("the sidecar said nothing for " + group.silenceMillis() + " ms");
    } finally {
      closing.cancel(false);
    }
  }

  private void take(byte[] line, int length) throws IOException, Group.Broken {
    if (length == 0) return;
    String text =
        StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
            .decode(ByteBuffer.wrap(line, 0, length)).toString();
    if (group.apply(text) && group.synced()) changed.accept(group);
  }

  private static byte[] append(byte[] line, int length, byte[] chunk, int from, int to) throws IOException {
    int needed = length + to - from;
    if (needed > MAX_LINE_BYTES) throw new IOException("a line of over " + MAX_LINE_BYTES + " bytes");
    int doubled = Math.min(MAX_LINE_BYTES, 2 * line.length);
    byte[] room = needed <= line.length ? line : Arrays.copyOf(line, Math.max(needed, doubled));
    System.arraycopy(chunk, from, room, length, to - from);
    return room;
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException error) {
      System.err.println("rollcall: " + error.getMessage());
    }
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
