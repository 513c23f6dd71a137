package io.portcullis.config;

import io.portcullis.config.Datapath.Offload;
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
 * An interface that security groups are attached to: a transparent bridge between two NICs, or one NIC of this host.
 *
 * @param name chosen by the user; metrics label and log field
 * @param addresses the addresses inside, which become members of the interface's groups
 * @param nicAddresses in host mode the further addresses of the NIC; none in a file
 * @param securityGroups names, at least one, in the order in which their rules are credited
 * @param networkAcl name of the network ACL that every packet must pass; null: none
 * @param audit true: a packet that would be dropped passes, and is counted and logged
 * @param datapath how frames are received and sent
 * @param offload whether the kernel forwards packets of admitted flows
 * @param workers number of threads that share the traffic; 0: depends on the machine, {@link #workers(int)}
 * @param busyPoll true: the workers never sleep
 * @param onFailure the fate of the traffic while the daemon is dead
 * @param sourceCheck true: packets with a spoofed source address are dropped, in both directions
 * @param verifyChecksums false: layer-4 checksums are not verified
 * @param passThrough link classes that pass without a rule
 * @param ethertypes further non-IP ethertypes that pass
 * @param timeouts merged: the defaults, then {@code conntrack.timeouts}, then this interface's own
 * @param id of EC2, {@code eni-} and 8 or 17 hexadecimal digits; null: derived from the name
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
        Offload offload,
        int workers,
        boolean busyPoll,
        OnFailure onFailure,
        boolean sourceCheck,
        boolean verifyChecksums,
        Set<LinkClass> passThrough,
        List<Integer> ethertypes,
        TimeoutSettings timeouts,
        @Nullable String id,
        Location location) {
    /** Longest NIC name in bytes (Linux: IFNAMSIZ less the terminating zero). */
    public static final int LONGEST_NIC = 15;

    /** Limit of workers. */
    public static final int MOST_WORKERS = 64;

    /** Limit of workers with {@code workers: auto}. */
    private static final int MOST_AUTO_WORKERS = 8;

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

    /** All addresses inside: the valid source addresses of egress packets. */
    public List<Cidr> ownAddresses() {
        return Stream.concat(addresses.stream(), nicAddresses.stream()).toList();
    }

    /** The addresses that become members of its groups: in host mode without link-local ones. */
    public List<Cidr> memberAddresses() {
        return switch (mode) {
            case Mode.Bridge _ -> addresses;
            case Mode.Host _ ->
                ownAddresses().stream().filter(cidr -> !cidr.isLinkLocal()).toList();
        };
    }

    /** The same interface with these NIC addresses. */
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
                offload,
                workers,
                busyPoll,
                onFailure,
                sourceCheck,
                verifyChecksums,
                passThrough,
                ethertypes,
                timeouts,
                id,
                location);
    }

    /**
     * The number of threads that share the traffic. Offload needs a single one.
     *
     * @param cores the number of cores that this process may run on
     */
    public int workers(int cores) {
        if (workers != 0) {
            return workers;
        }
        return offload == Offload.AUTO ? 1 : Math.clamp(cores - 1, 1, MOST_AUTO_WORKERS);
    }

    /** True if Linux accepts this as the name of a network device ({@code dev_valid_name}, net/core/dev.c). */
    public static boolean isNicName(String name) {
        return !name.isEmpty()
                && name.getBytes(StandardCharsets.UTF_8).length <= LONGEST_NIC
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == ':' || c <= ' ' || c == 0x7f);
    }
}
