package io.portcullis.reference;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.policy.Policy;
import io.portcullis.vectors.Vector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** A configuration as in a {@code reload} step of a vector: merged over the base of {@code borders.yaml}. */
public final class Settings {
    private record Drawing(int number, boolean roomy, int maxFlows) {}

    public static final Map<String, Object> VECTOR_BASE = base();

    /** The base alone. */
    static final Settings BASE = new Settings("{}");

    /** More flows than any script opens. */
    public static final int MANY = 1_000_000;

    /** Admits everything. */
    static final String ROOMY_RULES =
            "security-groups: {web: {ingress: [{protocol: all, from: any}], egress: [{protocol: all, to: any}]}}";

    private static final String WITH_LINK_LOCAL =
            "[10.0.0.1/32, 169.254.7.7/32, \"2001:db8:1::1/128\", \"fe80::2/128\"]";

    private static final int DRAWN = 256;
    private static final Map<Drawing, Settings> DRAWINGS = new ConcurrentHashMap<>();

    private static final String[] TIMEOUTS = {
        "tcp-syn-sent",
        "tcp-syn-received",
        "tcp-established",
        "tcp-fin-wait",
        "tcp-close-wait",
        "tcp-last-ack",
        "tcp-time-wait",
        "tcp-close",
        "tcp-unacknowledged",
        "udp",
        "udp-stream",
        "icmp",
        "icmpv6",
        "other"
    };
    private static final String[] OUTSIDE = {
        "any", "any", "any", "198.51.100.0/25", "198.51.100.7/32", "\"2001:db8:9::/64\"", "\"2001:db8:9::8/128\""
    };
    private static final String[] PROTOCOLS = {
        "all",
        "tcp",
        "tcp",
        "tcp, ports: 80",
        "tcp, ports: 1024-65535",
        "udp",
        "udp, ports: 53",
        "icmp",
        "icmpv6",
        "icmp, type: 8",
        "icmp, type: 3",
        "47",
        "sctp"
    };

    private final String yaml;
    private final Policy policy;
    private final ReferencePolicy reference;

    Settings(String yaml) {
        this.yaml = yaml;
        try {
            Map<String, Object> over = Vector.map(new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml));
            Config config = Vector.config(Vector.merged(VECTOR_BASE, over));
            policy = Policy.compile(config, Vector.INTERFACE, 1, Vector.AUTO_MAX_FLOWS);
            reference = new ReferencePolicy(config, Vector.AUTO_MAX_FLOWS);
        } catch (ConfigException e) {
            throw new IllegalArgumentException(yaml, e);
        }
    }

    private static Map<String, Object> base() {
        try {
            Path borders = Path.of(Objects.requireNonNull(Settings.class.getResource("/borders.yaml"))
                    .toURI());
            return Vector.read(borders).getFirst().base();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    Policy policy() {
        return policy;
    }

    ReferencePolicy reference() {
        return reference;
    }

    /** Its text in a vector. */
    @Override
    public String toString() {
        return yaml;
    }

    /**
     * One of {@value #DRAWN} that are made once, as reading YAML takes far longer than the frames between two reloads.
     *
     * @param maxFlows the same for a whole script, as the specification does not say how many flows a lowered limit evicts
     */
    public static Settings drawn(SplittableRandom random, int maxFlows) {
        Drawing drawing = new Drawing(random.nextInt(DRAWN), false, maxFlows);
        return DRAWINGS.computeIfAbsent(drawing, it -> any(new SplittableRandom(it.number), it.maxFlows));
    }

    /** One of {@value #DRAWN} that admit everything, with no timeout below a minute. */
    public static Settings drawnRoomy(SplittableRandom random, int maxFlows) {
        Drawing drawing = new Drawing(random.nextInt(DRAWN), true, maxFlows);
        return DRAWINGS.computeIfAbsent(drawing, it -> roomy(new SplittableRandom(it.number), it.maxFlows));
    }

    private static Settings any(SplittableRandom random, int maxFlows) {
        StringBuilder text = new StringBuilder("{");
        boolean acl = random.nextInt(4) == 0;
        text.append("interfaces: {web0: {enforce: ").append(random.nextInt(8) == 0 ? "audit" : "true");
        boolean sourceCheck = random.nextInt(8) == 0;
        text.append(", source-check: ").append(sourceCheck);
        if (sourceCheck && random.nextBoolean()) {
            text.append(", addresses: ").append(WITH_LINK_LOCAL);
        }
        text.append(", checksums: ").append(random.nextInt(8) == 0 ? "trust" : "verify");
        text.append(acl ? ", network-acl: edge}}, " : "}}, ");
        if (acl) {
            text.append("network-acls: {edge: {ingress: ").append(entries(random, "from"));
            text.append(", egress: ").append(entries(random, "to")).append("}}, ");
        }
        if (random.nextInt(3) == 0) {
            text.append("failsafe: {ingress: ").append(rules(random, "from"));
            text.append(", egress: ").append(rules(random, "to")).append("}, ");
        }
        text.append("security-groups: {web: {ingress: ").append(rules(random, "from"));
        text.append(", egress: ").append(rules(random, "to")).append("}}, ");
        boolean recheck = random.nextInt(3) == 0;
        return new Settings(text + conntrack(random, maxFlows, recheck, 1) + "}");
    }

    private static Settings roomy(SplittableRandom random, int maxFlows) {
        return new Settings("{" + ROOMY_RULES + ", " + conntrack(random, maxFlows, random.nextBoolean(), 60) + "}");
    }

    private static String conntrack(SplittableRandom random, int maxFlows, boolean recheck, int shortest) {
        List<String> idle = new ArrayList<>();
        for (String key : TIMEOUTS) {
            if (random.nextBoolean()) {
                idle.add(key + ": " + (shortest + random.nextInt(random.nextBoolean() ? 20 : 400)) + "s");
            }
        }
        return "conntrack: {max-flows: " + maxFlows + ", on-reload: " + (recheck ? "recheck" : "keep")
                + ", tcp-strict: " + (random.nextInt(3) > 0) + ", timeouts: {" + String.join(", ", idle) + "}}";
    }

    private static String rules(SplittableRandom random, String peer) {
        List<String> rules = new ArrayList<>();
        for (int left = random.nextInt(4); left > 0; left--) {
            rules.add("{" + packets(random, peer) + "}");
        }
        return rules.toString();
    }

    private static String entries(SplittableRandom random, String peer) {
        List<String> entries = new ArrayList<>();
        int last = random.nextInt(5);
        for (int number = 1; number <= last; number++) {
            String packets = packets(random, peer);
            // An entry has one block.
            String block = packets.replace(
                    " any",
                    packets.contains("icmpv6") || random.nextInt(4) == 0 && !packets.contains("icmp")
                            ? " \"::/0\""
                            : " 0.0.0.0/0");
            entries.add("{rule: " + number + ", action: " + (random.nextInt(4) == 0 ? "deny" : "allow") + ", " + block
                    + "}");
        }
        if (random.nextInt(3) > 0) {
            entries.add("{rule: 90, action: allow, protocol: all, " + peer + ": 0.0.0.0/0}");
            entries.add("{rule: 91, action: allow, protocol: all, " + peer + ": \"::/0\"}");
        }
        return entries.toString();
    }

    private static String packets(SplittableRandom random, String peer) {
        while (true) {
            String protocol = PROTOCOLS[random.nextInt(PROTOCOLS.length)];
            String block = OUTSIDE[random.nextInt(OUTSIDE.length)];
            boolean v6 = block.contains("::");
            boolean crosswise =
                    protocol.startsWith("icmp") && !block.equals("any") && v6 != protocol.startsWith("icmpv6");
            if (!crosswise) {
                return "protocol: " + protocol + ", " + peer + ": " + block;
            }
        }
    }
}
