package rollcall;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Which backends get new connections, and which only keep what they have. A backend that left the group, or
 * is no longer ready, drains: its connections go on until they end by themselves or the grace is over.
 */
final class Backends {
  private final long drainSeconds;
  private final ScheduledExecutorService timer;
  private List<Member> ready = List.of();
  private int turn;
  private final Map<String, Set<Connection>> connections = new HashMap<>();
  private final Map<String, ScheduledFuture<?>> draining = new HashMap<>();

  Backends(long drainSeconds, ScheduledExecutorService timer) {
    this.drainSeconds = drainSeconds;
    this.timer = timer;
  }

  /** What the group is now; fresh or stale makes no difference, since nobody leaves by staleness. */
  synchronized void update(List<Member> members) {
    ready = members.stream().filter(Member::ready).toList();
    Set<String> chosen = new HashSet<>();
    for (Member member : ready) chosen.add(member.uid());
    for (String uid : chosen) keep(uid);
    for (String uid : connections.keySet()) if (!chosen.contains(uid)) drain(uid);
  }

  /** Those that may get a connection, the one whose turn it is first. */
  synchronized List<Member> candidates() {
    List<Member> inTurn = new ArrayList<>(ready);
    if (!inTurn.isEmpty()) Collections.rotate(inTurn, -(turn++ % inTurn.size()));
    return inTurn;
  }

  synchronized void opened(String uid, Connection connection) {
    connections.computeIfAbsent(uid, ignored -> new HashSet<>()).add(connection);
    // It may have left while the connection was being made.
    if (ready.stream().noneMatch(member -> member.uid().equals(uid))) drain(uid);
  }

  synchronized void ended(String uid, Connection connection) {
    Set<Connection> open = connections.get(uid);
    if (open == null || !open.remove(connection) || !open.isEmpty()) return;
    connections.remove(uid);
    keep(uid);
  }

  private void drain(String uid) {
    if (draining.containsKey(uid)) return;
    System.out.printf("draining %s: %d connections have %d s%n", uid, connections.get(uid).size(), drainSeconds);
    draining.put(uid, timer.schedule(() -> cut(uid), drainSeconds, TimeUnit.SECONDS));
  }

  /** It is ready again, or has nothing left to drain. */
  private void keep(String uid) {
    ScheduledFuture<?> end = draining.remove(uid);
    if (end != null) end.cancel(false);
  }

  private void cut(String uid) {
    Set<Connection> open;
    synchronized (this) {
      // The same uid may have come back and be welcome at this very moment.
      if (draining.remove(uid) == null) return;
      open = new HashSet<>(connections.getOrDefault(uid, Set.of()));
    }
    System.out.printf("cutting %s: %d connections%n", uid, open.size());
    open.forEach(Connection::close);
  }
}
