package io.portcullis.port.ring;

import static io.portcullis.linux.packet.SocketFilter.Assembly.NEXT;
import static io.portcullis.linux.packet.SocketFilter.BPF_A;
import static io.portcullis.linux.packet.SocketFilter.BPF_ABS;
import static io.portcullis.linux.packet.SocketFilter.BPF_ADD;
import static io.portcullis.linux.packet.SocketFilter.BPF_ALU;
import static io.portcullis.linux.packet.SocketFilter.BPF_AND;
import static io.portcullis.linux.packet.SocketFilter.BPF_B;
import static io.portcullis.linux.packet.SocketFilter.BPF_H;
import static io.portcullis.linux.packet.SocketFilter.BPF_IMM;
import static io.portcullis.linux.packet.SocketFilter.BPF_IND;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_JGE;
import static io.portcullis.linux.packet.SocketFilter.BPF_JSET;
import static io.portcullis.linux.packet.SocketFilter.BPF_LD;
import static io.portcullis.linux.packet.SocketFilter.BPF_LDX;
import static io.portcullis.linux.packet.SocketFilter.BPF_LEN;
import static io.portcullis.linux.packet.SocketFilter.BPF_LSH;
import static io.portcullis.linux.packet.SocketFilter.BPF_MEM;
import static io.portcullis.linux.packet.SocketFilter.BPF_MISC;
import static io.portcullis.linux.packet.SocketFilter.BPF_MUL;
import static io.portcullis.linux.packet.SocketFilter.BPF_RET;
import static io.portcullis.linux.packet.SocketFilter.BPF_RSH;
import static io.portcullis.linux.packet.SocketFilter.BPF_ST;
import static io.portcullis.linux.packet.SocketFilter.BPF_SUB;
import static io.portcullis.linux.packet.SocketFilter.BPF_TAX;
import static io.portcullis.linux.packet.SocketFilter.BPF_W;
import static io.portcullis.linux.packet.SocketFilter.BPF_X;
import static io.portcullis.linux.packet.SocketFilter.BPF_XOR;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_OFF;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_PROTOCOL;

import io.portcullis.linux.packet.SocketFilter;
import io.portcullis.linux.packet.SocketFilter.Assembly;
import io.portcullis.linux.packet.SocketFilter.Label;
import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.wire.ExtensionHeader;
import io.portcullis.packet.wire.IcmpHeader;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.VlanTag;
import java.util.stream.IntStream;

/**
 * Writes {@link Steering}'s program for a seed. X is the offset of the packet (0, or 4 behind a second VLAN tag) plus the length
 * of the variable headers before the current one, so that the offset in each load names a field of a header. Scratch memory holds
 * the addresses to hash; those of a quote replace the packet's own.
 *
 * <p>Where a byte may be missing, the program first checks the frame's length: a load beyond the end would send a whole packet to
 * worker 0.
 */
final class SteeringProgram {
    /** In {@link Ipv4Header#FRAGMENT}. */
    private static final int MORE_OR_OFFSET = Ipv4Header.MORE_FRAGMENTS | Ipv4Header.OFFSET_MASK;

    private static final int VERSION = 0xf0;

    /** Scratch memory: four words of the source address; IPv4 uses the last one only. */
    private static final int SOURCE = 0;
    /** The destination address. */
    private static final int DESTINATION = 4;
    /** The source address's sum; before that, the offset of the next extension header. */
    private static final int ASIDE = 8;

    private static final int WORDS = 4;
    private static final int WORD = 4;

    private final int seed;
    private final Assembly code = new Assembly();
    private final Label hashIpv4 = code.label();
    private final Label hashIpv6 = code.label();

    SteeringProgram(int seed) {
        this.seed = seed;
    }

    /** The program. Once. */
    SocketFilter assemble() {
        Label tagged = code.label();
        Label untagged = code.label();
        Label ipv4 = code.label();
        Label ipv6 = code.label();
        code.add(BPF_LDX | BPF_IMM, 0)
                .add(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL)
                .jump(BPF_JEQ, EtherType.VLAN, tagged, NEXT)
                .jump(BPF_JEQ, EtherType.SERVICE_VLAN, tagged, untagged)
                .mark(tagged)
                .add(BPF_LDX | BPF_IMM, VlanTag.LENGTH)
                .add(BPF_LD | BPF_H | BPF_ABS, VlanTag.TYPE)
                .mark(untagged)
                .jump(BPF_JEQ, EtherType.IPV4, ipv4, NEXT)
                .jump(BPF_JEQ, EtherType.IPV6, ipv6, NEXT)
                .add(BPF_RET, 0)
                .mark(ipv4);
        readIpv4();
        code.mark(hashIpv4);
        hash(WORDS - 1);
        code.mark(ipv6);
        readIpv6();
        code.mark(hashIpv6);
        hash(0);
        return code.done();
    }

    private void readIpv4() {
        storeIpv4(0);
        load(BPF_B, Ipv4Header.PROTOCOL);
        code.jump(BPF_JEQ, IpProtocol.ICMP, NEXT, hashIpv4);
        load(BPF_H, Ipv4Header.FRAGMENT);
        code.jump(BPF_JSET, MORE_OR_OFFSET, hashIpv4, NEXT);
        load(BPF_B, 0);
        code.add(BPF_ALU | BPF_AND, 0xf)
                .add(BPF_ALU | BPF_LSH, 2)
                .add(BPF_ALU | BPF_ADD | BPF_X)
                .add(BPF_MISC | BPF_TAX);
        readError(false, 0, Ipv4Header.LENGTH, hashIpv4);
        storeIpv4(IcmpHeader.LENGTH);
    }

    private void readIpv6() {
        Label icmp = code.label();
        storeIpv6(0);
        load(BPF_B, Ipv6Header.NEXT_HEADER);
        for (int passed = 0; passed < Steering.EXTENSIONS; passed++) {
            Label extension = code.label();
            code.jump(BPF_JEQ, IpProtocol.ICMPV6, icmp, NEXT);
            jumpIfAny(
                    IntStream.range(0, 256).filter(type -> IpProtocol.isExtension(type) && type != IpProtocol.FRAGMENT),
                    extension,
                    hashIpv6);
            code.mark(extension);
            load(BPF_B, Ipv6Header.LENGTH + ExtensionHeader.EXTENSION_LENGTH);
            code.add(BPF_ALU | BPF_ADD, 1)
                    .add(BPF_ALU | BPF_LSH, 3)
                    .add(BPF_ALU | BPF_ADD | BPF_X)
                    .add(BPF_ST, ASIDE);
            load(BPF_B, Ipv6Header.LENGTH + ExtensionHeader.NEXT_HEADER);
            code.add(BPF_LDX | BPF_MEM, ASIDE);
        }
        code.jump(BPF_JEQ, IpProtocol.ICMPV6, icmp, hashIpv6).mark(icmp);
        readError(true, Ipv6Header.LENGTH, Ipv6Header.LENGTH, hashIpv6);
        storeIpv6(Ipv6Header.LENGTH + IcmpHeader.LENGTH);
    }

    /** Continues if an error and the whole IP header that it quotes are at X + {@code icmp}; else jumps. */
    private void readError(boolean v6, int icmp, int quoteHeader, Label otherwise) {
        Label error = code.label();
        code.add(BPF_LD | BPF_W | BPF_LEN)
                .add(BPF_ALU | BPF_SUB | BPF_X)
                .jump(BPF_JGE, icmp + IcmpHeader.LENGTH + quoteHeader, NEXT, otherwise);
        load(BPF_B, icmp);
        jumpIfAny(IntStream.range(0, 256).filter(type -> Icmp.isError(v6, type)), error, otherwise);
        code.mark(error);
        load(BPF_B, icmp + IcmpHeader.LENGTH);
        code.add(BPF_ALU | BPF_AND, VERSION).jump(BPF_JEQ, v6 ? 0x60 : 0x40, NEXT, otherwise);
    }

    private void jumpIfAny(IntStream values, Label ifAny, Label otherwise) {
        int[] all = values.toArray();
        for (int i = 0; i < all.length; i++) {
            code.jump(BPF_JEQ, all[i], ifAny, i + 1 < all.length ? NEXT : otherwise);
        }
    }

    /** Keeps both addresses of an IPv4 header at X + {@code header}. */
    private void storeIpv4(int header) {
        load(BPF_W, header + Ipv4Header.SOURCE);
        code.add(BPF_ST, SOURCE + WORDS - 1);
        load(BPF_W, header + Ipv4Header.DESTINATION);
        code.add(BPF_ST, DESTINATION + WORDS - 1);
    }

    private void storeIpv6(int header) {
        for (int i = 0; i < WORDS; i++) {
            load(BPF_W, header + Ipv6Header.SOURCE + i * WORD);
            code.add(BPF_ST, SOURCE + i);
            load(BPF_W, header + Ipv6Header.DESTINATION + i * WORD);
            code.add(BPF_ST, DESTINATION + i);
        }
    }

    private void load(int size, int at) {
        code.add(BPF_LD | size | BPF_IND, at);
    }

    /** Returns {@link AddressPair#hash} of the stored addresses, from a word of each address on. */
    private void hash(int firstWord) {
        sum(SOURCE, firstWord);
        code.add(BPF_ST, ASIDE);
        sum(DESTINATION, firstWord);
        code.add(BPF_LDX | BPF_MEM, ASIDE)
                .add(BPF_ALU | BPF_ADD | BPF_X)
                .add(BPF_ALU | BPF_MUL, AddressPair.SECOND_FACTOR);
        shifted(AddressPair.THIRD_SHIFT);
        code.add(BPF_RET | BPF_A);
    }

    /** A becomes an address's part of the hash. */
    private void sum(int address, int firstWord) {
        for (int word = firstWord; word < WORDS; word++) {
            code.add(BPF_LD | BPF_MEM, address + word)
                    .add(BPF_ALU | BPF_RSH, 16)
                    .add(BPF_ALU | BPF_MUL, AddressPair.multiplier(seed, 2 * word));
            if (word > firstWord) {
                code.add(BPF_ALU | BPF_ADD | BPF_X);
            }
            code.add(BPF_MISC | BPF_TAX)
                    .add(BPF_LD | BPF_MEM, address + word)
                    .add(BPF_ALU | BPF_AND, 0xffff)
                    .add(BPF_ALU | BPF_MUL, AddressPair.multiplier(seed, 2 * word + 1))
                    .add(BPF_ALU | BPF_ADD | BPF_X);
            if (word + 1 < WORDS) {
                code.add(BPF_MISC | BPF_TAX);
            }
        }
        shifted(AddressPair.FIRST_SHIFT);
        code.add(BPF_ALU | BPF_MUL, AddressPair.FIRST_FACTOR);
        shifted(AddressPair.SECOND_SHIFT);
    }

    /** A exclusive-or A shifted right. */
    private void shifted(int bits) {
        code.add(BPF_MISC | BPF_TAX).add(BPF_ALU | BPF_RSH, bits).add(BPF_ALU | BPF_XOR | BPF_X);
    }
}
