package io.portcullis.policy;

import io.portcullis.config.Config;
import io.portcullis.config.Conntrack;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.Rule;
import io.portcullis.net.LinkClass;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a reload may change on one interface, compiled for the datapath: rules of both directions, network ACL, link classes,
 * flags, timeouts. Immutable.
 */
public final class Policy {
    /** Link traffic without which no flow of a failsafe rule passes: addresses, and the link itself. */
    private static final Set<String> NEEDED_BY_FAILSAFE = Set.of("arp", "ndp", "mld", "dhcp", "eapol", "slow", "stp");

    private final long generation;
    private final Interface iface;
    private final List<FailsafeRule> failsafeIngress;
    private final List<FailsafeRule> failsafeEgress;
    private final RuleSet ingress;
    private final RuleSet egress;
    private final RuleNames rules;
    private final int failsafeRules;
    private final @Nullable Acl acl;
    private final LogRules log;
    private final Conntrack conntrack;
    private final long autoMaxFlows;
    private final Set<String> linkClasses;
    private final int[] ethertypes;
    private final AddressSet own;
    private final Enforcement enforcement;
    private final boolean audits;

    Policy(
            long generation,
            Interface iface,
            List<FailsafeRule> failsafeIngress,
            List<FailsafeRule> failsafeEgress,
            Conntrack conntrack,
            RuleSet ingress,
            RuleSet egress,
            RuleNames rules,
            int failsafeRules,
            @Nullable Acl acl,
            LogRules log,
            long autoMaxFlows) {
        this.generation = generation;
        this.iface = iface;
        this.failsafeIngress = failsafeIngress;
        this.failsafeEgress = failsafeEgress;
        this.ingress = ingress;
        this.egress = egress;
        this.conntrack = conntrack;
        this.rules = rules;
        this.failsafeRules = failsafeRules;
        this.acl = acl;
        this.log = log;
        this.autoMaxFlows = autoMaxFlows;
        this.own = new AddressSet(iface.ownAddresses());
        this.linkClasses = iface.passThrough().stream().map(LinkClass::key).collect(Collectors.toUnmodifiableSet());
        this.ethertypes = ethertypes(iface);
        this.enforcement = Enforcement.RULES;
        this.audits = iface.audit();
    }

    /** The same rules, enforced in another way. */
    private Policy(Policy rules, Enforcement enforcement) {
        this.generation = rules.generation;
        this.iface = rules.iface;
        this.failsafeIngress = rules.failsafeIngress;
        this.failsafeEgress = rules.failsafeEgress;
        this.ingress = rules.ingress;
        this.egress = rules.egress;
        this.conntrack = rules.conntrack;
        this.rules = rules.rules;
        this.failsafeRules = rules.failsafeRules;
        this.acl = rules.acl;
        this.log = rules.log;
        this.autoMaxFlows = rules.autoMaxFlows;
        this.own = rules.own;
        this.enforcement = enforcement;
        boolean keeps = enforcement == Enforcement.FAILSAFE_ONLY;
        this.linkClasses = iface.passThrough().stream()
                .map(LinkClass::key)
                .filter(key -> !keeps || NEEDED_BY_FAILSAFE.contains(key))
                .collect(Collectors.toUnmodifiableSet());
        this.ethertypes = keeps ? new int[0] : ethertypes(iface);
        this.audits = switch (enforcement) {
            case RULES -> iface.audit();
            case BYPASS -> true;
            case PANIC, FAILSAFE_ONLY -> false;
        };
    }

    private static int[] ethertypes(Interface iface) {
        return iface.ethertypes().stream().mapToInt(Integer::intValue).toArray();
    }

    /**
     * Compiles one interface of a configuration.
     *
     * @param config a whole, valid configuration
     * @param interfaceName one of its interfaces
     * @param generation counts the configurations that this daemon has had, from 1
     * @param autoMaxFlows the limit with {@code max-flows: auto}
     * @throws IllegalArgumentException if the interface does not exist
     */
    public static Policy compile(Config config, String interfaceName, long generation, long autoMaxFlows) {
        return new Compiler(config, interfaceName).compile(generation, autoMaxFlows);
    }

    /** These rules, enforced in another way; the compiled parts are shared. */
    public Policy under(Enforcement next) {
        return next == enforcement ? this : new Policy(this, next);
    }

    /** True: both have the same rules and the same network ACL, compiled once. */
    public boolean sharesRules(Policy other) {
        return rules == other.rules && acl == other.acl;
    }

    /** What is made of the rules. */
    public Enforcement enforcement() {
        return enforcement;
    }

    /** The number of the configuration since the daemon started, from 1. */
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
    public Admission admission(boolean inward, boolean isV6, int protocol, int selector, long peerHigh, long peerLow) {
        int rule = match(inward, isV6, protocol, selector, peerHigh, peerLow);
        int entry = matchAcl(inward, isV6, protocol, selector, peerHigh, peerLow);
        boolean denies = acl != null && !acl.allows(inward, entry) && !isFailsafe(rule);
        return new Admission(denies ? RuleSet.NONE : rule, entry, denies);
    }

    /** What new flows from outside are asked. */
    public RuleSet ingress() {
        return ingress;
    }

    /** The rules for new flows from inside. */
    public RuleSet egress() {
        return egress;
    }

    /** The number of rules of both directions. */
    public int ruleCount() {
        return rules.size();
    }

    /** A rule by its number from {@link RuleSet#match}. */
    public CompiledRule rule(int number) {
        return rules.rule(number);
    }

    /** A rule as one line of text, by its number: {@code tcp 80, 443 from 10.0.0.0/8}. */
    public String text(int number) {
        return rules.text(number);
    }

    /** The identity of a rule across policies, by its number. */
    public RuleIdentity identity(int number) {
        return rules.identity(number);
    }

    /**
     * A hash of a rule's group, direction and text, by its number; never 0. Equal rules of one group have the same hash at any position,
     * so it survives restarts and edits of other rules.
     */
    public int hash(int number) {
        return rules.hash(number);
    }

    /**
     * The hash of a written rule, as {@link #ruleWithHash} takes it.
     *
     * @param list {@code web/ingress}
     */
    public static int ruleHash(String list, Rule rule, boolean ingress) {
        return RuleNames.hash(list, rule, ingress);
    }

    /** The number of the first rule with that {@link #hash}; {@link RuleSet#NONE}: the rule no longer exists. */
    public int ruleWithHash(int hash) {
        return rules.withHash(hash);
    }

    /** True for a failsafe rule, by its number: it is matched before the network ACL and all groups. */
    public boolean isFailsafe(int rule) {
        return rule >= 0 && rule < failsafeRules;
    }

    /** True if there are failsafe rules. */
    public boolean hasFailsafe() {
        return failsafeRules > 0;
    }

    /** The failsafe rules of one direction, in the order of the file; a program in the kernel may enforce them alone. */
    public List<FailsafeRule> failsafe(boolean inward) {
        return inward ? failsafeIngress : failsafeEgress;
    }

    /** The network ACL that every packet must pass; null: none. */
    public @Nullable Acl acl() {
        return acl;
    }

    /** Which packets are logged. */
    public LogRules log() {
        return log;
    }

    /** True: a packet that would be dropped passes, and is counted. */
    public boolean audits() {
        return audits;
    }

    /** True: a flow that the current rules do not admit ends at its next packet. */
    public boolean rechecks() {
        return conntrack.recheck();
    }

    /** The limit of the interface's flows. */
    public long maxFlows() {
        return conntrack.maxFlows() == Conntrack.AUTO ? autoMaxFlows : conntrack.maxFlows();
    }

    /** True: a TCP connection starts with its SYN only. */
    public boolean isTcpStrict() {
        return conntrack.tcpStrict();
    }

    /** True: layer-4 checksums are verified. */
    public boolean verifiesChecksums() {
        return iface.verifyChecksums();
    }

    /** True: source addresses are compared with the interface's own. */
    public boolean checksSources() {
        return iface.sourceCheck();
    }

    /** True for the interface's own addresses. For IPv4 {@code high} is 0, and the address is the low 32 bits of {@code low}. */
    public boolean isOwn(boolean v6, long high, long low) {
        return own.contains(v6, high, low);
    }

    /** How long after a start without flows an ACK may create a flow, in nanoseconds. */
    public long learnNs() {
        return iface.mode() instanceof Mode.Bridge bridge ? bridge.learn().toNanos() : 0;
    }

    /** True if a link class passes, by its key in the configuration. */
    public boolean passes(String linkClass) {
        return linkClasses.contains(linkClass);
    }

    /** Further ethertypes that pass. */
    public int[] ethertypes() {
        return ethertypes.clone();
    }

    /** Nanoseconds of an idle timeout, by its key in the configuration. */
    public long timeoutNs(String key) {
        return iface.timeouts().get(key).toNanos();
    }
}
