package io.portcullis.config;

import io.portcullis.net.Cidr;
import io.portcullis.net.LinkClass;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What security groups are attached to: two NICs, transparently bridged, or one of this host, in place.
 *
 * @param name free; metrics label and log field
 * @param addresses who lives inside; the members that this interface gives to its groups
 * @param nicAddresses in host mode those that the NIC has besides; in a file there are none
 * @param securityGroups names, at least one, in the order in which their rules are credited
 * @param networkAcl name of the network ACL that every packet is asked; null: none
 * @param audit true: what would be dropped passes, and is counted and told of
 * @param datapath how frames get in and out
 * @param workers how many threads share the traffic; 0: as many as suit the machine, {@link #workers(int)}
 * @param busyPoll true: they never sleep
 * @param onFailure what becomes of the traffic when the daemon dies
 * @param sourceCheck true: packets with a source address that can't be theirs are dropped, both ways
 * @param verifyChecksums false: layer-4 checksums are taken as right
 * @param passThrough link classes that pass without a rule
 * @param ethertypes further non-IP ethertypes that pass
 * @param timeouts merged: the defaults, then {@code conntrack.timeouts}, then this interface's own
 */
public record Interface(
        String name,
        Mode mode,
        List<Cidr> addresses,
        List<Cidr> nicAddresses,
        List<String> securityGroups,
        @Nullable String networkAcl,
        boolean audit,
        Datapath datapath,
        int workers,
        boolean busyPoll,
        OnFailure onFailure,
        boolean sourceCheck,
        boolean verifyChecksums,
        Set<LinkClass> passThrough,
        List<Integer> ethertypes,
        TimeoutSettings timeouts,
        Location location) {
    /** Bytes of a NIC's name at the most (Linux: IFNAMSIZ less its end). */
    public static final int LONGEST_NIC = 15;

    /** Workers at the most. */
    public static final int MOST_WORKERS = 64;

    /** So many workers at the most, where nobody says how many. */
    private static final int MOST_BY_THEMSELVES = 8;

    public Interface {
        addresses = List.copyOf(addresses);
        nicAddresses = List.copyOf(nicAddresses);
        securityGroups = List.copyOf(securityGroups);
        passThrough = Collections.unmodifiableSet(new LinkedHashSet<>(passThrough));
        ethertypes = List.copyOf(ethertypes);
        if (name.isEmpty()) {
            throw new IllegalArgumentException("an interface without a name");
        }
        if (workers < 0 || workers > MOST_WORKERS) {
            throw new IllegalArgumentException(workers + " workers");
        }
        if (securityGroups.isEmpty()) {
            throw new IllegalArgumentException("an interface without groups");
        }
        for (int type : ethertypes) {
            if (type < 0x600 || type > 0xffff) {
                throw new IllegalArgumentException("ethertype " + type);
            }
        }
    }

    /** All that live inside: what a source address may be. */
    public List<Cidr> ownAddresses() {
        return Stream.concat(addresses.stream(), nicAddresses.stream()).toList();
    }

    /** What the names of its groups stand for in rules: of a host no addresses that hold on a link only. */
    public List<Cidr> memberAddresses() {
        return switch (mode) {
            case Mode.Bridge _ -> addresses;
            case Mode.Host _ ->
                ownAddresses().stream().filter(cidr -> !cidr.isLinkLocal()).toList();
        };
    }

    /** The same interface, whose NIC has these addresses now. */
    Interface withNicAddresses(List<Cidr> now) {
        return new Interface(
                name,
                mode,
                addresses,
                now,
                securityGroups,
                networkAcl,
                audit,
                datapath,
                workers,
                busyPoll,
                onFailure,
                sourceCheck,
                verifyChecksums,
                passThrough,
                ethertypes,
                timeouts,
                location);
    }

    /**
     * How many threads share the traffic on a machine.
     *
     * @param cores that this process may run on
     */
    public int workers(int cores) {
        return workers != 0 ? workers : Math.clamp(cores - 1, 1, MOST_BY_THEMSELVES);
    }

    /** True when Linux takes this as the name of a network device ({@code dev_valid_name}, net/core/dev.c). */
    public static boolean isNicName(String name) {
        return !name.isEmpty()
                && name.getBytes(StandardCharsets.UTF_8).length <= LONGEST_NIC
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == ':' || c <= ' ' || c == 0x7f);
    }
}
