package rollcall;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one JSON text (RFC 8259) into Map, List, String, Long, Double, Boolean and null, with nothing but the
 * JDK. Throws IllegalArgumentException with the position on anything else.
 */
public final class Json {
  /** A line of the stream is four levels deep; deeper text could only exhaust the stack. */
  private static final int MAX_DEPTH = 32;

  private final String text;
  private int at;
  private int depth;

  private Json(String text) {
    this.text = text;
  }

  public static Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.skipSpace();
    if (json.at < text.length()) throw json.wrong("nothing more");
    return value;
  }

  private Object value() {
    skipSpace();
    switch (peek()) {
      case '{':
        return object();
      case '[':
        return array();
      case '"':
        return string();
      case 't':
        return word("true", Boolean.TRUE);
      case 'f':
        return word("false", Boolean.FALSE);
      case 'n':
        return word("null", null);
      default:
        return number();
    }
  }

  private Map<String, Object> object() {
    Map<String, Object> fields = new LinkedHashMap<>();
    enter('{');
    if (isNext('}')) return leave(fields);
    do {
      skipSpace();
      String name = string();
      expect(':');
      fields.put(name, value());
    } while (isNext(','));
    expect('}');
    return leave(fields);
  }

  private List<Object> array() {
    List<Object> items = new ArrayList<>();
    enter('[');
    if (isNext(']')) return leave(items);
    do items.add(value());
    while (isNext(','));
    expect(']');
    return leave(items);
  }

  private void enter(char bracket) {
    expect(bracket);
    depth += 1;
    if (depth > MAX_DEPTH) throw wrong("at most " + MAX_DEPTH + " levels");
  }

  private <T> T leave(T value) {
    depth -= 1;
    return value;
  }

  private String string() {
    expect('"');
    StringBuilder result = new StringBuilder();
    for (;;) {
      char c = take();
      if (c == '"') return result.toString();
      if (c < ' ') throw wrong("no control character");
      result.append(c == '\\' ? escaped() : c);
    }
  }

  private char escaped() {
    char c = take();
    switch (c) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        return hexadecimal();
      case '"':
      case '\\':
      case '/':
        return c;
      default:
        throw wrong("an escape");
    }
  }

  private char hexadecimal() {
    int code = 0;
    for (int i = 0; i < 4; i++) {
      int digit = Character.digit(take(), 16);
      if (digit < 0) throw wrong("four hexadecimal digits");
      code = code * 16 + digit;
    }
    return (char) code;
  }

  private Object number() {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at += 1;
    String digits = text.substring(start, at);
    if (!digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) throw wrong("a value");
    // 18 digits fit into a long; a longer number is none that this protocol has.
    boolean whole = digits.length() <= 18 && digits.matches("-?[0-9]+");
    if (whole) return Long.valueOf(digits);
    return Double.valueOf(digits);
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, at)) throw wrong(word);
    at += word.length();
    return value;
  }

  private boolean isNext(char c) {
    skipSpace();
    if (at >= text.length() || text.charAt(at) != c) return false;
    at += 1;
    return true;
  }

  private void expect(char c) {
    if (!isNext(c)) throw wrong("'" + c + "'");
  }

  private char take() {
    char c = peek();
    at += 1;
    return c;
  }

  private char peek() {
    if (at >= text.length()) throw wrong("more text");
    return text.charAt(at);
  }

  private void skipSpace() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at += 1;
  }

  private IllegalArgumentException wrong(String wanted) {
    return new IllegalArgumentException("JSON: " + wanted + " expected at character " + at);
  }
}
