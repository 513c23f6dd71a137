package io.portcullis.vectors;

import io.portcullis.testing.Frame;
import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Builds frames from the packet notation of {@code vectors.yaml}; written for tests, byte by byte from the RFCs, so that it
 * shares nothing with the parser. Remembers each TCP side's next sequence number, as the notation requires. Beyond the notation,
 * a segment may have {@code sack=permitted} or {@code sack=LEFT-RIGHT}.
 */
public final class Frames {
    private static final Pattern ENDPOINT = Pattern.compile("(?:\\[([^]]+)]|([^:\\[]+)):(\\d+)");
    private static final int FIN = 1;
    private static final int SYN = 2;
    private static final int RST = 4;
    private static final int ACK = 16;

    /** The next sequence number of a side, by "address:port>address:port". */
    private final Map<String, Integer> next = new HashMap<>();

    /** The frame of a packet as the notation writes it. */
    public byte[] build(String notation) {
        return new Spec(notation).frame();
    }

    /** Notes that a packet was expected to pass. */
    public void passed(String notation) {
        new Spec(notation).propose();
    }

    private final class Spec {
        private final String protocol;
        private final List<String> words;
        private final Map<String, String> attributes = new HashMap<>();
        private String quoted = "";
        private String source = "";
        private String destination = "";
        private int sourcePort;
        private int destinationPort;
        private int flags;
        private int type;
        private int code;
        private int number;

        Spec(String notation) {
            String text = notation.trim();
            int quotes = text.indexOf("quotes (");
            if (quotes >= 0) {
                int close = text.lastIndexOf(')');
                quoted = text.substring(quotes + "quotes (".length(), close);
                text = text.substring(0, quotes) + text.substring(close + 1);
            }
            words = List.of(text.trim().split("\\s+"));
            protocol = words.get(0);
            int at = 1;
            switch (protocol) {
                case "eth" -> number = Integer.decode(words.get(at++));
                case "proto" -> {
                    number = Integer.parseInt(words.get(at++));
                    at = ends(at, false);
                }
                case "tcp" -> {
                    number = 6;
                    at = ends(at, true);
                    flags = flags(words.get(at++));
                }
                case "udp" -> {
                    number = 17;
                    at = ends(at, true);
                }
                case "sctp" -> {
                    number = 132;
                    at = ends(at, true);
                }
                case "icmp", "icmpv6" -> {
                    number = protocol.equals("icmp") ? 1 : 58;
                    at = ends(at, false);
                    String[] parts = words.get(at++).split("/");
                    type = Integer.parseInt(parts[0]);
                    code = Integer.parseInt(parts[1]);
                }
                case "arp" -> at = ends(at, false);
                default -> throw new IllegalArgumentException("protocol " + protocol);
            }
            for (String word : words.subList(at, words.size())) {
                int equals = word.indexOf('=');
                if (equals < 0) {
                    throw new IllegalArgumentException("attribute " + word + " in: " + notation);
                }
                attributes.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }

        private int ends(int at, boolean withPorts) {
            if (!words.get(at + 1).equals(">")) {
                throw new IllegalArgumentException("no > in " + words);
            }
            if (withPorts) {
                Matcher from = endpoint(words.get(at));
                Matcher to = endpoint(words.get(at + 2));
                source = from.group(1) != null ? from.group(1) : from.group(2);
                destination = to.group(1) != null ? to.group(1) : to.group(2);
                sourcePort = Integer.parseInt(from.group(3));
                destinationPort = Integer.parseInt(to.group(3));
            } else {
                source = words.get(at);
                destination = words.get(at + 2);
            }
            return at + 3;
        }

        private Matcher endpoint(String word) {
            Matcher matcher = ENDPOINT.matcher(word);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("endpoint " + word);
            }
            return matcher;
        }

        private int flags(String letters) {
            int bits = 0;
            for (int i = 0; i < letters.length(); i++) {
                char letter = letters.charAt(i);
                int bit = "FSRPAUEC".indexOf(letter);
                if (bit < 0 && letter != '.') {
                    throw new IllegalArgumentException("flag " + letter);
                }
                bits |= letter == '.' ? 0 : 1 << bit;
            }
            return bits;
        }

        private long attribute(String name, long absent) {
            String value = attributes.get(name);
            return value == null ? absent : Long.parseLong(value);
        }

        private String text(String name) {
            return Objects.requireNonNull(attributes.get(name), name);
        }

        private boolean isV6() {
            return source.contains(":");
        }

        private int length() {
            return (int) attribute("len", 0);
        }

        private boolean isFragment() {
            return attributes.containsKey("frag");
        }

        private int fragmentOffset() {
            return isFragment() ? Integer.parseInt(text("frag").replace("+", "")) : 0;
        }

        private boolean moreFragments() {
            return isFragment() && text("frag").endsWith("+");
        }

        private String side(boolean ofSender) {
            String one = canonical(source) + ":" + sourcePort;
            String other = canonical(destination) + ":" + destinationPort;
            return ofSender ? one + ">" + other : other + ">" + one;
        }

        private String canonical(String address) {
            return java.util.Arrays.toString(Frame.address(address));
        }

        private int sequence() {
            long absent = (flags & SYN) != 0 ? 1000 : next.getOrDefault(side(true), 1000);
            return (int) attribute("seq", absent);
        }

        private int acknowledgment() {
            long absent = (flags & ACK) != 0 ? next.getOrDefault(side(false), 0) : 0;
            return (int) attribute("ack", absent);
        }

        void propose() {
            if (!protocol.equals("tcp") || (flags & RST) != 0 || isFragment()) {
                return;
            }
            int proposed = sequence() + length() + ((flags & SYN) != 0 ? 1 : 0) + ((flags & FIN) != 0 ? 1 : 0);
            Integer known = next.get(side(true));
            if ((flags & SYN) != 0 || known == null || proposed - known > 0) {
                next.put(side(true), proposed);
            }
        }

        byte[] frame() {
            Writer frame = new Writer();
            boolean arp = protocol.equals("arp");
            frame.hex(arp ? "ffffffffffff" : "020000000002").hex("020000000001");
            if (attributes.containsKey("vlan")) {
                String[] tags = text("vlan").split("\\.");
                for (int i = 0; i < tags.length; i++) {
                    frame.u16(i < tags.length - 1 ? 0x88a8 : 0x8100).u16(Integer.parseInt(tags[i]));
                }
            }
            switch (protocol) {
                case "eth" -> frame.u16(number).zeroes(46);
                case "arp" ->
                    frame.u16(0x0806)
                            .hex("00010800060400010200000000" + "01")
                            .bytes(Frame.address(source))
                            .zeroes(6)
                            .bytes(Frame.address(destination));
                default -> {
                    byte[] ip = ip();
                    int end = Math.min(ip.length, (int) attribute("cut", ip.length));
                    frame.u16(isV6() ? 0x86dd : 0x0800).bytes(java.util.Arrays.copyOf(ip, end));
                }
            }
            return frame.toBytes();
        }

        private byte[] ip() {
            return isV6() ? ipv6() : ipv4();
        }

        private byte[] ipv4() {
            byte[] payload = payload();
            byte[] options = attributes.containsKey("opt")
                    ? new Writer().hex("83070401020304" + "00").toBytes()
                    : new byte[0];
            int headerLength = 20 + options.length;
            int total = headerLength + payload.length;
            if (isFragment()) {
                total = (int) attribute("cut", total);
            }
            int fragment = fragmentOffset() / 8 | (moreFragments() ? 0x2000 : 0);
            byte[] header = new Writer()
                    .u8(0x40 | headerLength / 4)
                    .u8(0)
                    .u16(total)
                    .u16(isFragment() ? (int) attribute("id", 0) : 0)
                    .u16(fragment)
                    .u8((int) attribute("hop", 64))
                    .u8(number)
                    .u16(0)
                    .bytes(Frame.address(source))
                    .bytes(Frame.address(destination))
                    .bytes(options)
                    .toBytes();
            int sum = ~Frame.sum(header) & 0xffff;
            if ("bad".equals(attributes.get("ipcsum"))) {
                sum ^= 0x5555;
            }
            Frame.put16(header, 10, sum);
            return new Writer().bytes(header).bytes(payload).toBytes();
        }

        private byte[] ipv6() {
            byte[] payload = payload();
            Writer chain = new Writer();
            int first = number;
            if (isFragment()) {
                Writer header = new Writer()
                        .u8(first)
                        .u8(0)
                        .u16(fragmentOffset() | (moreFragments() ? 1 : 0))
                        .u32((int) attribute("id", 0));
                chain = header;
                first = 44;
            }
            if (attributes.containsKey("ext")) {
                String[] names = text("ext").split("\\.");
                for (int i = names.length - 1; i >= 0; i--) {
                    byte[] rest = chain.toBytes();
                    chain = new Writer()
                            .u8(first)
                            .hex(names[i].equals("rt0") ? "00000000000000" : "00010400000000")
                            .bytes(rest);
                    first = switch (names[i]) {
                        case "hop" -> 0;
                        case "dst" -> 60;
                        case "rt0" -> 43;
                        default -> throw new IllegalArgumentException("ext " + names[i]);
                    };
                }
            }
            byte[] extensions = chain.toBytes();
            int length = extensions.length + payload.length;
            if (isFragment() && attributes.containsKey("cut")) {
                length = (int) attribute("cut", 0) - 40;
            }
            return new Writer()
                    .u32(0x60000000)
                    .u16(length)
                    .u8(first)
                    .u8((int) attribute("hop", 64))
                    .bytes(Frame.address(source))
                    .bytes(Frame.address(destination))
                    .bytes(extensions)
                    .bytes(payload)
                    .toBytes();
        }

        private byte[] payload() {
            if (fragmentOffset() > 0) {
                return new byte[length()];
            }
            byte[] bytes = switch (protocol) {
                case "tcp" -> tcp();
                case "udp" ->
                    new Writer()
                            .u16(sourcePort)
                            .u16(destinationPort)
                            .u16(8 + length())
                            .u16(0)
                            .zeroes(length())
                            .toBytes();
                case "sctp" ->
                    new Writer()
                            .u16(sourcePort)
                            .u16(destinationPort)
                            .zeroes(8 + length())
                            .toBytes();
                case "proto" -> new byte[length()];
                default -> icmp();
            };
            return withChecksum(bytes);
        }

        private byte[] tcp() {
            Writer written = new Writer();
            if (attributes.containsKey("ws")) {
                written.u8(1).u8(3).u8(3).u8((int) attribute("ws", 0));
            }
            if (attributes.containsKey("sack")) {
                String[] edges = text("sack").split("-");
                if (edges.length == 1) {
                    written.hex("04020101");
                } else {
                    written.hex("0101050a").u32((int) Long.parseLong(edges[0])).u32((int) Long.parseLong(edges[1]));
                }
            }
            byte[] options = written.toBytes();
            return new Writer()
                    .u16(sourcePort)
                    .u16(destinationPort)
                    .u32(sequence())
                    .u32(acknowledgment())
                    .u8((20 + options.length) / 4 << 4)
                    .u8(flags)
                    .u16((int) attribute("win", 65535))
                    .u32(0)
                    .bytes(options)
                    .zeroes(length())
                    .toBytes();
        }

        private byte[] icmp() {
            Writer message = new Writer().u8(type).u8(code).u16(0);
            if (!quoted.isEmpty()) {
                return message.u32(0).bytes(new Spec(quoted).ip()).toBytes();
            }
            if (!isV6()) {
                return message.u16((int) attribute("id", 0))
                        .u16(0)
                        .zeroes(length())
                        .toBytes();
            }
            return switch (type) {
                case 130, 131, 132 -> message.zeroes(20).toBytes();
                case 134 -> message.zeroes(12).toBytes();
                case 135, 136 -> message.zeroes(20).toBytes();
                case 137 -> message.zeroes(36).toBytes();
                case 133, 143 -> message.zeroes(4).toBytes();
                default ->
                    message.u16((int) attribute("id", 0))
                            .u16(0)
                            .zeroes(length())
                            .toBytes();
            };
        }

        private byte[] withChecksum(byte[] bytes) {
            int field = switch (number) {
                case 6 -> 16;
                case 17 -> 6;
                case 1, 58 -> 2;
                default -> -1;
            };
            if (field < 0 || protocol.equals("proto")) {
                return bytes;
            }
            byte[] pseudo = number == 1
                    ? new byte[0]
                    : new Writer()
                            .bytes(Frame.address(source))
                            .bytes(Frame.address(destination))
                            .u32(bytes.length)
                            .u32(number)
                            .toBytes();
            int sum = ~Frame.sum(new Writer().bytes(pseudo).bytes(bytes).toBytes()) & 0xffff;
            if ("bad".equals(attributes.get("csum"))) {
                int unfinished = Frame.sum(pseudo);
                int wrong = sum ^ 0x5555;
                sum = wrong == unfinished || wrong == 0 ? sum ^ 0x3333 : wrong;
            } else if (sum == 0 && number == 17) {
                sum = 0xffff;
            }
            Frame.put16(bytes, field, sum);
            return bytes;
        }
    }

    /** Bytes in network order. */
    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Writer u8(int value) {
            out.write(value);
            return this;
        }

        Writer u16(int value) {
            return u8(value >>> 8).u8(value);
        }

        Writer u32(int value) {
            return u16(value >>> 16).u16(value);
        }

        Writer bytes(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        Writer zeroes(int count) {
            return bytes(new byte[count]);
        }

        Writer hex(String digits) {
            return bytes(java.util.HexFormat.of().parseHex(digits));
        }

        byte[] toBytes() {
            return out.toByteArray();
        }
    }
}
