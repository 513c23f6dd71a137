package io.portcullis.policy;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.SecurityGroup.Logged;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;

/** Which packets of an interface are logged. Immutable; used on the datapath, allocates nothing. */
public final class LogRules {
    /** Every dropped packet, and no flow. */
    public static final LogRules STANDARD = new LogRules(true, new AddressSet(List.of()), false, new BitSet());

    private final boolean refused;
    private final AddressSet never;
    private final boolean hasNever;
    private final BitSet accepted;

    private LogRules(boolean refused, AddressSet never, boolean hasNever, BitSet accepted) {
        this.refused = refused;
        this.never = never;
        this.hasNever = hasNever;
        this.accepted = accepted;
    }

    /**
     * Of an interface.
     *
     * @param accepted the numbers of the rules whose flows are logged; not changed any more
     */
    static LogRules of(Config config, Interface iface, BitSet accepted) {
        boolean refused = iface.securityGroups().stream()
                .map(name -> Objects.requireNonNull(config.securityGroups().get(name), name))
                .map(SecurityGroup::log)
                .anyMatch(Logged::denied);
        return new LogRules(
                refused,
                new AddressSet(
                        List.copyOf(Compiler.addresses(config, config.log().never()))),
                !config.log().never().isEmpty(),
                accepted);
    }

    /** False: packets that no rule of the groups admits are not logged. */
    public boolean refused() {
        return refused;
    }

    /** True: a flow that the rule admits is logged, by the rule's number. */
    public boolean accepted(int rule) {
        return accepted.get(rule);
    }

    /** True: packets from and to this address are not logged. For IPv4 {@code high} is 0, and the address is the low 32 bits of {@code low}. */
    public boolean isNever(boolean v6, long high, long low) {
        return hasNever && never.contains(v6, high, low);
    }
}
