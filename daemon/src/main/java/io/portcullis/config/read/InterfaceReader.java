package io.portcullis.config.read;

import io.portcullis.config.Datapath;
import io.portcullis.config.Datapath.Offload;
import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.Mode.Attach;
import io.portcullis.config.OnFailure;
import io.portcullis.config.TimeoutSettings;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import io.portcullis.net.Cidr;
import io.portcullis.net.LinkClass;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads interfaces. */
final class InterfaceReader {
    private static final Set<LinkClass> HOST_DEFAULT =
            EnumSet.of(LinkClass.ARP, LinkClass.NDP, LinkClass.MLD, LinkClass.DHCP, LinkClass.EAPOL);
    private static final Set<LinkClass> BRIDGE_DEFAULT =
            EnumSet.of(LinkClass.ARP, LinkClass.NDP, LinkClass.MLD, LinkClass.DHCP, LinkClass.EAPOL, LinkClass.STP);
    private static final Set<String> TRANSLATING = Set.of("nat", "snat", "dnat", "masquerade");
    private static final List<String> HOST_KEYS = List.of("nic", "attach", "adopt-established");
    private static final List<String> BRIDGE_KEYS = List.of("outside", "inside", "link-state", "learn");
    private static final List<String> COMMON_AND_BRIDGE_KEYS = List.of(
            "mode",
            "outside",
            "inside",
            "addresses",
            "link-state",
            "learn",
            "security-groups",
            "network-acl",
            "enforce",
            "datapath",
            "offload",
            "workers",
            "busy-poll",
            "on-failure",
            "source-check",
            "checksums",
            "pass-through",
            "ethertypes",
            "timeouts",
            "id");
    /** The keys of both modes. */
    static final List<String> KEYS =
            Stream.concat(COMMON_AND_BRIDGE_KEYS.stream(), HOST_KEYS.stream()).toList();

    /** Ethertypes that another setting decides about, and which. */
    private static final Map<Integer, String> DECIDED_ELSEWHERE = Map.of(
            0x0800, "the rules decide about IPv4",
            0x86dd, "the rules decide about IPv6",
            0x8100, "rules and link classes apply to the frame inside a VLAN tag",
            0x88a8, "rules and link classes apply to the frame inside a VLAN tag",
            0x0806, "write arp in pass-through");

    /** The mode of an interface that has an error. */
    private static final Mode NO_MODE = new Mode.Host("none", Attach.AUTO, false);

    private final References references;
    private final IdReader ids;
    private final TimeoutSettings timeouts;
    private final Map<String, Value> nics = new HashMap<>();

    /** {@code timeouts}: the defaults of an interface. */
    InterfaceReader(References references, IdReader ids, TimeoutSettings timeouts) {
        this.references = references;
        this.ids = ids;
        this.timeouts = timeouts;
    }

    /** The interfaces without errors, by name. */
    Map<String, Interface> all(Fields named) {
        Map<String, Interface> interfaces = new LinkedHashMap<>();
        for (Value value : named.all()) {
            if (ConfigReader.isName(value)) {
                read(value).ifPresent(iface -> interfaces.put(iface.name(), iface));
            }
        }
        return interfaces;
    }

    private Optional<Interface> read(Value value) {
        if (value.key().chars().anyMatch(Character::isWhitespace)) {
            value.errorAtKey("the name of an interface must not contain spaces");
        }
        if (value.map("a map such as {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}")
                .isEmpty()) {
            return Optional.empty();
        }
        int errorsBefore = value.diagnostics().count();
        Fields fields = value.fields(KEYS);
        Optional<Mode> mode = mode(value, fields);
        List<String> groups = groups(value, fields);
        List<Cidr> addresses = fields.get("addresses").map(BlockReader::list).orElse(List.of());
        boolean verify = fields.get("checksums")
                .flatMap(field -> field.choice(List.of("verify", "trust")))
                .orElse("verify")
                .equals("verify");
        Set<LinkClass> classes = fields.getNonNull("pass-through", "[] if none may pass")
                .map(InterfaceReader::classes)
                .orElse(mode.filter(Mode.Host.class::isInstance).isPresent() ? HOST_DEFAULT : BRIDGE_DEFAULT);
        List<Integer> ethertypes =
                fields.get("ethertypes").map(InterfaceReader::ethertypes).orElse(List.of());
        TimeoutSettings merged = timeouts.with(
                fields.get("timeouts").map(SettingsReader::timeouts).orElse(Map.of()));
        Datapath datapath =
                fields.get("datapath").map(InterfaceReader::datapath).orElse(Datapath.AUTO);
        Offload offload =
                fields.get("offload").map(field -> offload(field, datapath)).orElse(Offload.DEFAULT);
        int workers =
                fields.get("workers").map(field -> workers(field, datapath)).orElse(0);
        boolean busyPoll =
                fields.get("busy-poll").map(field -> busyPoll(field, datapath)).orElse(false);
        OnFailure onFailure = fields.get("on-failure")
                .flatMap(field -> onFailure(field, mode))
                .orElse(OnFailure.CLOSED);
        boolean sourceCheck = fields.getNonNull("source-check", "true or false")
                .map(field -> field.flag(false))
                .orElse(false);
        Optional<Value> acl = fields.getNonNull("network-acl", "the name of one");
        acl.ifPresent(references::toAcl);
        @Nullable
        String networkAcl =
                acl.flatMap(field -> field.text("the name of a network ACL")).orElse(null);
        boolean audit = fields.get("enforce")
                .flatMap(field -> field.choice(List.of("true", "audit")))
                .filter("audit"::equals)
                .isPresent();
        @Nullable String id = ids.id(fields, Kind.INTERFACE, value.key());
        return mode.isEmpty() || value.diagnostics().count() > errorsBefore
                ? Optional.empty()
                : Optional.of(new Interface(
                        value.key(),
                        mode.get(),
                        addresses,
                        List.of(),
                        groups,
                        networkAcl,
                        audit,
                        datapath,
                        offload,
                        workers,
                        busyPoll,
                        onFailure,
                        sourceCheck,
                        verify,
                        classes,
                        ethertypes,
                        merged,
                        id,
                        value.keyLocation()));
    }

    private static Optional<OnFailure> onFailure(Value field, Optional<Mode> mode) {
        Optional<OnFailure> read = field.choice(
                        Arrays.stream(OnFailure.values()).map(OnFailure::key).toList())
                .flatMap(OnFailure::of);
        if (read.filter(OnFailure.FAILSAFE::equals).isPresent()
                && mode.filter(Mode.Bridge.class::isInstance).isPresent()) {
            field.error("needs mode: host: a bridge forwards nothing without its daemon:"
                    + " write on-failure: closed, or open");
            return Optional.empty();
        }
        return read;
    }

    /** Empty if it has an error. */
    private Optional<Mode> mode(Value value, Fields fields) {
        Optional<Value> mode = fields.get("mode");
        if (mode.isEmpty()) {
            value.errorAtKey("mode is missing: write mode: bridge or mode: host");
            return Optional.empty();
        }
        int errorsBefore = value.diagnostics().count();
        if (TRANSLATING.contains(mode.get().scalar().toLowerCase(Locale.ROOT))) {
            mode.get()
                    .error("portcullis does not translate addresses: write host, and leave NAT to the kernel"
                            + " (allowed: bridge, host)");
            return Optional.empty();
        }
        Optional<Mode> read = mode.get().choice(List.of("bridge", "host")).map(text -> switch (text) {
            case "host" -> host(value, fields);
            default -> bridge(value, fields);
        });
        return value.diagnostics().count() > errorsBefore ? Optional.empty() : read;
    }

    private Mode bridge(Value value, Fields fields) {
        HOST_KEYS.forEach(key -> fields.get(key)
                .ifPresent(host -> host.errorAtKey("only for mode host, and this interface has mode bridge")));
        String outside = nic(value, fields, "outside");
        String inside = nic(value, fields, "inside");
        boolean follow = fields.get("link-state")
                .flatMap(field -> field.choice(List.of("follow", "ignore")))
                .orElse("follow")
                .equals("follow");
        Duration learn = fields.get("learn")
                .flatMap(field -> field.duration(Duration.ZERO, TimeoutSettings.LONGEST))
                .orElse(Duration.ZERO);
        boolean named = !outside.isEmpty() && !inside.isEmpty() && !outside.equals(inside);
        return named ? new Mode.Bridge(outside, inside, follow, learn) : NO_MODE;
    }

    private Mode host(Value value, Fields fields) {
        BRIDGE_KEYS.forEach(key -> fields.get(key)
                .ifPresent(bridge -> bridge.errorAtKey("only for mode bridge, and this interface has mode host")));
        String nic = nic(value, fields, "nic");
        List<String> keys = Stream.of(Attach.values()).map(Attach::key).toList();
        Attach attach = fields.get("attach")
                .flatMap(field -> field.choice(keys))
                .map(key -> Attach.values()[keys.indexOf(key)])
                .orElse(Attach.AUTO);
        boolean adopt = fields.getNonNull("adopt-established", "true or false")
                .map(field -> field.flag(true))
                .orElse(true);
        return nic.isEmpty() ? NO_MODE : new Mode.Host(nic, attach, adopt);
    }

    private String nic(Value value, Fields fields, String key) {
        Optional<Value> nic = fields.get(key);
        if (nic.isEmpty()) {
            value.errorAtKey(key + " is missing: write the name of a NIC");
            return "";
        }
        String name = nic.get().text("the name of a NIC").orElse("");
        if (name.isEmpty() && !nic.get().scalar().isEmpty()) {
            return "";
        }
        if (!Interface.isNicName(name)) {
            nic.get()
                    .error("not a valid NIC name: 1 to " + Interface.LONGEST_NIC
                            + " bytes, without spaces, slashes and colons");
            return "";
        }
        Value first = nics.putIfAbsent(name, nic.get());
        if (first != null) {
            nic.get()
                    .error("used already, as " + first.key() + " at " + first.location()
                            + ": a NIC can be used only once");
        }
        return name;
    }

    private List<String> groups(Value value, Fields fields) {
        Optional<Value> list = fields.get("security-groups");
        if (list.isEmpty()) {
            value.errorAtKey("security-groups is missing: an interface needs at least one group");
            return List.of();
        }
        if (list.get().isList() && list.get().isEmpty()) {
            list.get().error("an interface needs at least one group");
        }
        Set<String> names = new LinkedHashSet<>();
        for (Value item : list.get().items("a list of group names")) {
            Optional<String> name = item.text("the name of a security group");
            if (name.isPresent()) {
                references.toGroup(item);
                if (!names.add(name.get())) {
                    item.error("listed twice");
                }
            }
        }
        return new ArrayList<>(names);
    }

    private static Set<LinkClass> classes(Value list) {
        List<String> keys = Stream.of(LinkClass.values()).map(LinkClass::key).toList();
        Set<LinkClass> classes = new LinkedHashSet<>();
        for (Value item : list.items("a list of link classes")) {
            item.choice(keys).flatMap(LinkClass::of).ifPresent(classes::add);
        }
        return classes;
    }

    private static List<Integer> ethertypes(Value list) {
        List<Integer> types = new ArrayList<>();
        for (Value item : list.items("a list of ethertypes")) {
            Optional<String> text = item.text("an ethertype such as 0x88f7");
            if (text.isEmpty()) {
                continue;
            }
            Optional<Long> type = SettingsReader.bits(text.get());
            if (type.isEmpty() || type.get() < 0x600 || type.get() > 0xffff) {
                item.error("must be a number from 0x0600 to 0xffff");
                continue;
            }
            String elsewhere = DECIDED_ELSEWHERE.get(type.get().intValue());
            if (elsewhere != null) {
                item.error("not allowed here: " + elsewhere);
                continue;
            }
            types.add(type.get().intValue());
        }
        return types;
    }

    private static Datapath datapath(Value value) {
        if (value.scalar().equals("xdp")) {
            value.error("reserved, not implemented yet");
            return Datapath.AUTO;
        }
        List<String> keys = Stream.of(Datapath.values()).map(Datapath::key).toList();
        String key = value.choice(keys).orElse(Datapath.AUTO.key());
        return Datapath.values()[keys.indexOf(key)];
    }

    private static Offload offload(Value value, Datapath datapath) {
        List<String> keys = Stream.of(Offload.values()).map(Offload::key).toList();
        Offload offload = value.choice(keys)
                .map(key -> Offload.values()[keys.indexOf(key)])
                .orElse(Offload.DEFAULT);
        if (offload == Offload.AUTO && datapath == Datapath.PCAP) {
            value.error("not possible with datapath pcap: write datapath ring, or offload: off");
        }
        return offload;
    }

    /** 0: auto. */
    private static int workers(Value value, Datapath datapath) {
        String text = value.text("auto, or how many").orElse("auto");
        if (text.equals("auto")) {
            return 0;
        }
        Optional<Long> number = Value.numberIn(text, 1, Interface.MOST_WORKERS);
        if (number.isEmpty()) {
            value.error("must be auto, or a number from 1 to " + Interface.MOST_WORKERS);
            return 0;
        }
        if (datapath == Datapath.PCAP && number.get() != 1) {
            value.error("datapath pcap has one worker: write 1, or auto");
        }
        return number.get().intValue();
    }

    private static boolean busyPoll(Value value, Datapath datapath) {
        boolean on = value.flag(false);
        if (on && datapath == Datapath.PCAP) {
            value.error("not possible with datapath pcap: write datapath ring, or remove the key");
        }
        return on;
    }
}
