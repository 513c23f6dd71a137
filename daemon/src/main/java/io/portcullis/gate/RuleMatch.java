package io.portcullis.gate;

import static io.portcullis.gate.GateCode.DROP;
import static io.portcullis.gate.GateCode.PASS;
import static io.portcullis.linux.packet.SocketFilter.Assembly.NEXT;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_JGE;

import io.portcullis.config.Rule;
import io.portcullis.linux.packet.SocketFilter.Label;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PortRange;
import io.portcullis.policy.FailsafeRule;
import io.portcullis.policy.Policy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The part of a gate that compares a packet with the failsafe rules of one family: as one that opens a connection with those of its own
 * direction, as a reply with those of the other one. The last part: it ends the program.
 */
final class RuleMatch {
    private static final int WORD_BITS = 32;
    private static final int HIGHEST = 0xffff;

    private final Policy policy;
    private final boolean inward;
    private final boolean v6;
    private final GateCode code;

    RuleMatch(Policy policy, boolean inward, boolean v6, GateCode code) {
        this.policy = policy;
        this.inward = inward;
        this.v6 = v6;
        this.code = code;
    }

    void emit() throws TooLong {
        for (boolean reply : new boolean[] {false, true}) {
            for (FailsafeRule rule : policy.failsafe(inward != reply)) {
                List<Cidr> blocks = blocks(rule);
                if (!blocks.isEmpty()) {
                    Label next = code.label();
                    if (hasNoCondition(rule.rule(), reply) && blocks.getFirst().prefixLength() == 0) {
                        code.end(PASS);
                        return;
                    }
                    askPacket(rule.rule(), reply, next);
                    askAddress(blocks);
                    code.mark(next);
                }
            }
        }
        code.end(DROP);
    }

    /** Those of this family, the widest first; {@code icmp} and {@code icmpv6} have one family each. */
    private List<Cidr> blocks(FailsafeRule rule) throws TooLong {
        if (rule.rule().protocol() == (v6 ? IpProtocol.ICMP : IpProtocol.ICMPV6)) {
            return List.of();
        }
        List<Cidr> blocks = new ArrayList<>();
        for (Cidr block : rule.blocks()) {
            if (block.isV6() == v6) {
                if (blocks.size() == GateCode.MOST) {
                    throw new TooLong();
                }
                blocks.add(block);
            }
        }
        blocks.sort(Comparator.comparingInt(Cidr::prefixLength));
        return blocks;
    }

    private static boolean hasNoCondition(Rule rule, boolean reply) {
        return rule.protocol() == Rule.ALL && !reply;
    }

    private static boolean isAll(PortRange range) {
        return range.low() == 0 && range.high() == HIGHEST;
    }

    /** Goes to {@code next} where the rule does not match, whatever the address. */
    private void askPacket(Rule rule, boolean reply, Label next) throws TooLong {
        if (hasNoCondition(rule, reply)) {
            return;
        }
        Label address = code.label();
        code.recall(Scratch.ADDRESS_ONLY).goIf(1, address);
        if (rule.protocol() != Rule.ALL) {
            Label same = code.label();
            code.recall(Scratch.PROTOCOL)
                    .jump(BPF_JEQ, rule.protocol(), same, NEXT)
                    .go(next)
                    .mark(same);
        }
        if (reply) {
            code.recall(Scratch.IS_REPLY).goIf(0, next);
        }
        List<PortRange> selectors = rule.selectors();
        if (!isAll(selectors.getFirst())) {
            code.recall(reply ? Scratch.ANSWERED : Scratch.SELECTOR);
            for (PortRange range : selectors) {
                Label other = code.label();
                code.jump(BPF_JGE, range.low(), NEXT, other)
                        .jump(BPF_JGE, range.high() + 1, other, NEXT)
                        .go(address)
                        .mark(other);
            }
            code.go(next);
        }
        code.mark(address);
    }

    /** Passes the packet where a block has its address outside. */
    private void askAddress(List<Cidr> blocks) throws TooLong {
        int loaded = -1;
        for (Cidr block : blocks) {
            int length = block.prefixLength();
            if (length == 0) {
                code.end(PASS);
                return;
            }
            if (!v6) {
                if (length != loaded) {
                    code.recall(Scratch.PEER);
                    mask(length);
                    loaded = length;
                }
                code.endIf((int) block.network().low(), PASS);
            } else {
                askV6(block, length);
            }
        }
    }

    private void askV6(Cidr block, int length) throws TooLong {
        Label other = code.label();
        for (int word = 0; word * WORD_BITS < length; word++) {
            long half = word < 2 ? block.network().high() : block.network().low();
            code.recall(Scratch.PEER + word);
            mask(Math.min(WORD_BITS, length - word * WORD_BITS));
            code.jump(BPF_JEQ, (int) (word % 2 == 0 ? half >>> WORD_BITS : half), NEXT, other);
        }
        code.end(PASS).mark(other);
    }

    /** A keeps its first bits. */
    private void mask(int bits) throws TooLong {
        if (bits < WORD_BITS) {
            code.and(-1 << (WORD_BITS - bits));
        }
    }
}
