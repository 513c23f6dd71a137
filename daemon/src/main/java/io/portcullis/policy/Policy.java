package io.portcullis.policy;

import io.portcullis.config.Config;
import io.portcullis.config.Conntrack;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.net.LinkClass;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All that a reload may change on one interface, ready for the datapath: rules of both directions, link classes,
 * switches, timeouts. Immutable.
 */
public final class Policy {
    private final long generation;
    private final Interface iface;
    private final RuleSet ingress;
    private final RuleSet egress;
    private final RuleNames rules;
    private final int failsafeRules;
    private final @Nullable Acl acl;
    private final Conntrack conntrack;
    private final long autoMaxFlows;
    private final Set<String> linkClasses;
    private final AddressSet own;

    Policy(
            long generation,
            Interface iface,
            Conntrack conntrack,
            RuleSet ingress,
            RuleSet egress,
            RuleNames rules,
            int failsafeRules,
            @Nullable Acl acl,
            long autoMaxFlows) {
        this.generation = generation;
        this.iface = iface;
        this.ingress = ingress;
        this.egress = egress;
        this.conntrack = conntrack;
        this.rules = rules;
        this.failsafeRules = failsafeRules;
        this.acl = acl;
        this.autoMaxFlows = autoMaxFlows;
        this.own = new AddressSet(iface.ownAddresses());
        this.linkClasses = iface.passThrough().stream().map(LinkClass::key).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Compiles what an interface of a configuration needs.
     *
     * @param config a whole, valid configuration
     * @param interfaceName one of its interfaces
     * @param generation counts the configurations that this daemon has had, from 1
     * @param autoMaxFlows the limit where the configuration says {@code max-flows: auto}
     * @throws IllegalArgumentException if there is no such interface
     */
    public static Policy compile(Config config, String interfaceName, long generation, long autoMaxFlows) {
        return new Compiler(config, interfaceName).compile(generation, autoMaxFlows);
    }

    /** Which configuration of this daemon's life this is, from 1. */
    public long generation() {
        return generation;
    }

    /**
     * Matches the first packet of a flow against the failsafe rules and the groups.
     *
     * @param inward true for ingress
     * @param selector as {@link RuleSet#match}
     * @param peerHigh high half of the address outside
     * @param peerLow low half
     * @return number of the rule that admits it, a failsafe rule before any other; {@link RuleSet#NONE}: none does
     */
    public int match(boolean inward, boolean isV6, int protocol, int selector, long peerHigh, long peerLow) {
        return (inward ? ingress : egress).match(isV6, protocol, selector, peerHigh, peerLow);
    }

    /** As {@link Acl#match}; {@link Acl#DEFAULT} where there is no network ACL. */
    public int matchAcl(boolean inward, boolean isV6, int protocol, int selector, long peerHigh, long peerLow) {
        return acl == null ? Acl.DEFAULT : acl.match(inward, isV6, protocol, selector, peerHigh, peerLow);
    }

    /**
     * What failsafe rules, network ACL and groups together say of the first packet of a flow (security-groups.md section 7). The
     * engine takes the same steps, with the flow lookup between them. The parameters are those of {@link #match}.
     */
    public Admission admission(
            boolean inward, boolean isV6, int protocol, int selector, long peerHigh, long peerLow) {
        int rule = match(inward, isV6, protocol, selector, peerHigh, peerLow);
        int entry = matchAcl(inward, isV6, protocol, selector, peerHigh, peerLow);
        boolean denies = acl != null && !acl.allows(inward, entry) && !isFailsafe(rule);
        return new Admission(denies ? RuleSet.NONE : rule, entry, denies);
    }

    /** What new flows from outside are asked. */
    public RuleSet ingress() {
        return ingress;
    }

    /** What new flows from inside are asked. */
    public RuleSet egress() {
        return egress;
    }

    /** Rules of both directions together. */
    public int ruleCount() {
        return rules.size();
    }

    /** The rule that {@link RuleSet#match} named by number. */
    public CompiledRule rule(int number) {
        return rules.rule(number);
    }

    /** What a rule, by its number, is in any policy. */
    public RuleIdentity identity(int number) {
        return rules.identity(number);
    }

    /**
     * A hash of a rule's group, direction and text, by its number; never 0. Rules that say the same in the same group have
     * the same, wherever they stand: it outlives edits of other rules, and restarts.
     */
    public int hash(int number) {
        return rules.hash(number);
    }

    /** The first rule with that {@link #hash}, by its number; {@link RuleSet#NONE}: it is of earlier rules. */
    public int ruleWithHash(int hash) {
        return rules.withHash(hash);
    }

    /** True for a rule, by its number, that is asked before the network ACL and all groups. */
    public boolean isFailsafe(int rule) {
        return rule >= 0 && rule < failsafeRules;
    }

    /** True when there are failsafe rules. */
    public boolean hasFailsafe() {
        return failsafeRules > 0;
    }

    /** The network ACL that every packet is asked; null: none. */
    public @Nullable Acl acl() {
        return acl;
    }

    /** True: what would be dropped passes, and is counted. */
    public boolean audits() {
        return iface.audit();
    }

    /** True: a flow that the rules would not admit now ends at its next packet. */
    public boolean rechecks() {
        return conntrack.recheck();
    }

    /** How many flows the interface may hold. */
    public long maxFlows() {
        return conntrack.maxFlows() == Conntrack.AUTO ? autoMaxFlows : conntrack.maxFlows();
    }

    /** True: a TCP connection starts with its SYN only. */
    public boolean isTcpStrict() {
        return conntrack.tcpStrict();
    }

    /** True: layer-4 checksums are looked at. */
    public boolean verifiesChecksums() {
        return iface.verifyChecksums();
    }

    /** True: source addresses are compared with the interface's own. */
    public boolean checksSources() {
        return iface.sourceCheck();
    }

    /** True for the interface's own addresses. High is 0 for IPv4, which stands in the low 32 bits of low. */
    public boolean isOwn(boolean v6, long high, long low) {
        return own.contains(v6, high, low);
    }

    /** For so long after a start without flows an ACK may start a connection, nanoseconds. */
    public long learnNs() {
        return iface.mode() instanceof Mode.Bridge bridge ? bridge.learn().toNanos() : 0;
    }

    /** True when a link class passes, by its key in the configuration. */
    public boolean passes(String linkClass) {
        return linkClasses.contains(linkClass);
    }

    /** Further ethertypes that pass. */
    public int[] ethertypes() {
        return iface.ethertypes().stream().mapToInt(Integer::intValue).toArray();
    }

    /** Nanoseconds of an idle timeout, by its key in the configuration. */
    public long timeoutNs(String key) {
        return iface.timeouts().get(key).toNanos();
    }
}
