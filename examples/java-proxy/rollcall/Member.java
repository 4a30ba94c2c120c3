package rollcall;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What this program uses of a member; fields that it does not know are ignored. */
public record Member(
    String uid, String name, List<String> addresses, Map<String, Integer> ports, boolean ready, boolean self) {

  /** The member that one element of `members`, `left`, `joined` or `changed` stands for. */
  public static Member of(Object json) {
    if (!(json instanceof Map<?, ?> fields) || !(fields.get("uid") instanceof String uid))
      throw new IllegalArgumentException("a member without a uid");
    List<String> addresses = new ArrayList<>();
    if (fields.get("addresses") instanceof List<?> list)
      for (Object address : list) if (address instanceof String one) addresses.add(one);
    Map<String, Integer> ports = new HashMap<>();
    if (fields.get("ports") instanceof Map<?, ?> map)
      map.forEach((name, port) -> {
        if (port instanceof Long number && number > 0 && number < 65536) ports.put((String) name, number.intValue());
      });
    String name = fields.get("name") instanceof String one ? one : uid;
    return new Member(uid, name, addresses, ports, flag(fields, "ready"), flag(fields, "self"));
  }

  private static boolean flag(Map<?, ?> fields, String name) {
    return Boolean.TRUE.equals(fields.get(name));
  }
}
