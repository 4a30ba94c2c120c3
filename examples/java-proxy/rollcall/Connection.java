package rollcall;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CountDownLatch;

/** Bytes between a client and a backend, in both directions, until both have said that they are done. */
final class Connection {
  private final SocketChannel client;
  private final SocketChannel backend;

  Connection(SocketChannel client, SocketChannel backend) {
    this.client = client;
    this.backend = backend;
  }

  /** Returns when it is over. It takes the calling thread for one direction and another for the other. */
  void run(java.util.concurrent.Executor threads) throws InterruptedException {
    CountDownLatch answered = new CountDownLatch(1);
    threads.execute(() -> {
      copy(backend, client);
      answered.countDown();
    });
    copy(client, backend);
    answered.await();
    close();
  }

  /** A side that closes its half leaves the other half open; an error ends both. */
  private void copy(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
    try {
      while (from.read(buffer) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) to.write(buffer);
        buffer.clear();
      }
      to.shutdownOutput();
    } catch (IOException error) {
      close();
    }
  }

  void close() {
    for (SocketChannel side : new SocketChannel[] {client, backend}) {
      try {
        side.close();
      } catch (IOException error) {
        // It is closed for us all the same.
      }
    }
  }
}
