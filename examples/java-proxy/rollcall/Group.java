package rollcall;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the lines of the stream say, put together. It does no I/O, and one thread uses it at a time. */
public final class Group {
  /** A line contradicts what is held, or makes no sense: connect again. */
  public static final class Broken extends Exception {
    Broken(String message) {
      super(message);
    }
  }

  /** The sidecar speaks a protocol that this program would misread: stop. */
  public static final class UnsupportedProtocol extends RuntimeException {
    UnsupportedProtocol(Object protocol) {
      super("the sidecar speaks protocol " + protocol + ", and this program protocol 1");
    }
  }

  private final Map<String, Member> members = new LinkedHashMap<>();
  private boolean synced;
  private boolean stale = true;
  private String reason = "unconnected";
  // Of the connection that is open.
  private boolean greeted;
  private boolean following;
  private long revision;
  private double heartbeatSeconds = 5;

  /** The members in the order of their names. Empty until `synced`. */
  public List<Member> members() {
    List<Member> sorted = new ArrayList<>(members.values());
    sorted.sort(Comparator.comparing(Member::name).thenComparing(Member::uid));
    return Collections.unmodifiableList(sorted);
  }

  /** Whether there ever was a snapshot: before it nothing is known, which is not the same as nobody. */
  public boolean synced() {
    return synced;
  }

  public boolean stale() {
    return stale;
  }

  /** Three heartbeats that are missing mean that the sidecar is stuck. */
  public long silenceMillis() {
    return (long) (3000 * heartbeatSeconds);
  }

  /** `members: a b | fresh`, for logs. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("members:");
    for (Member member : members()) text.append(' ').append(member.name());
    return text.append(" | ").append(stale ? "stale: " + reason : "fresh").toString();
  }

  /** A new connection begins. What is known stays, as stale, until its snapshot. */
  public void connected() {
    greeted = false;
    following = false;
  }

  public void disconnected() {
    connected();
    staleness(true, "unconnected");
  }

  /** Takes one line and tells whether anything changed by it. */
  public boolean apply(String text) throws Broken {
    try {
      if (Json.parse(text) instanceof Map<?, ?> line && line.get("type") instanceof String type) {
        return apply(type, line);
      }
    } catch (IllegalArgumentException error) {
      throw new Broken(error.getMessage());
    }
    throw new Broken("a line without a type");
  }

  private boolean apply(String type, Map<?, ?> line) throws Broken {
    if (!greeted && !type.equals("hello")) throw new Broken("the first line is " + type + ", not hello");
    switch (type) {
      case "hello":
        return hello(line);
      case "snapshot":
        return snapshot(line);
      case "delta":
        return delta(line);
      case "status":
        return following && staleness(flag(line, "stale"), line.get("reason"));
      case "heartbeat":
        return heartbeat(line);
      case "bye":
        throw new Broken("the sidecar said bye: " + line.get("reason"));
      default:
        return false; // a type of a later version
    }
  }

  private boolean hello(Map<?, ?> line) {
    if (!Long.valueOf(1).equals(line.get("protocol"))) throw new UnsupportedProtocol(line.get("protocol"));
    greeted = true;
    double seconds = line.get("heartbeatSeconds") instanceof Number number ? number.doubleValue() : 5;
    heartbeatSeconds = seconds > 0 && seconds <= 3600 ? seconds : 5;
    return false;
  }

  private boolean snapshot(Map<?, ?> line) throws Broken {
    // All is read before anything is changed: a line that makes no sense must not empty the group.
    List<Member> all = list(line, "members");
    boolean isStale = flag(line, "stale");
    revision = number(line, "revision");
    boolean first = !synced;
    boolean others = !all.equals(new ArrayList<>(members.values()));
    members.clear();
    put(all);
    synced = true;
    following = true;
    return staleness(isStale, "unknown") || first || others;
  }

  private boolean delta(Map<?, ?> line) throws Broken {
    List<Member> left = list(line, "left");
    List<Member> joined = list(line, "joined");
    List<Member> changed = list(line, "changed");
    long next = number(line, "revision");
    if (!following || next != revision + 1) throw new Broken("revision " + next + " came after " + revision);
    revision = next;
    for (Member member : left) members.remove(member.uid());
    put(joined);
    put(changed);
    return true;
  }

  private boolean heartbeat(Map<?, ?> line) throws Broken {
    if (!following) return false;
    long told = number(line, "revision");
    if (told != revision) throw new Broken("a heartbeat of revision " + told + ", with " + revision + " held");
    return staleness(flag(line, "stale"), stale ? reason : "unknown");
  }

  private void put(Collection<Member> some) {
    for (Member member : some) members.put(member.uid(), member);
  }

  private boolean staleness(boolean isStale, Object why) {
    String because = isStale ? String.valueOf(why) : null;
    boolean changes = isStale != stale || !String.valueOf(because).equals(String.valueOf(reason));
    stale = isStale;
    reason = because;
    return changes;
  }

  private static List<Member> list(Map<?, ?> line, String field) throws Broken {
    if (!(line.get(field) instanceof List<?> items)) throw new Broken("a line without " + field);
    List<Member> result = new ArrayList<>(items.size());
    for (Object item : items) result.add(Member.of(item));
    return result;
  }

  private static long number(Map<?, ?> line, String field) throws Broken {
    if (line.get(field) instanceof Long number) return number;
    throw new Broken("a line without " + field);
  }

  private static boolean flag(Map<?, ?> line, String field) throws Broken {
    if (line.get(field) instanceof Boolean value) return value;
    throw new Broken("a line without " + field);
  }
}
