package rollcall;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The members in `members.json`, for libraries that ask from time to time. What was read last stays on an error. */
public final class MembersFile {
  /** Up to 500 bytes a member: room for 33,000. A longer file is not believed. */
  private static final int MAX_BYTES = 16 * 1024 * 1024;

  private final Path path;
  private List<Member> known;

  public MembersFile(String path) {
    this.path = Path.of(path);
  }

  /** Empty when there was no file yet: nothing is known then, which is not the same as nobody. */
  public synchronized Optional<List<Member>> members() {
    try {
      known = read();
    } catch (IOException | RuntimeException error) {
      System.getLogger("rollcall").log(System.Logger.Level.WARNING, path + " can't be read: " + error);
    }
    return Optional.ofNullable(known);
  }

  private List<Member> read() throws IOException {
    byte[] bytes;
    // By its path each time: the sidecar replaces the file, so one that is held open stays as it was.
    try (InputStream file = Files.newInputStream(path)) {
      bytes = file.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) throw new IOException("over " + MAX_BYTES + " bytes");
    Object json = Json.parse(new String(bytes, StandardCharsets.UTF_8));
    if (!(json instanceof Map<?, ?> snapshot) || !(snapshot.get("members") instanceof List<?> all))
      throw new IOException("no members in it");
    List<Member> members = new ArrayList<>(all.size());
    for (Object one : all) members.add(Member.of(one));
    return members;
  }
}
