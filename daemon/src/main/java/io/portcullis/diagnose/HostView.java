package io.portcullis.diagnose;

import io.portcullis.config.Rule;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Neighbour;
import io.portcullis.linux.netlink.NextHop;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.net.Address;
import io.portcullis.operations.traffic.LoggedPacket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What this host would make of a packet that the rules admit: whether anything listens on its port, and whether the answer finds its way
 * back. Asks the kernel, in the network namespace of the caller; needs no privilege.
 */
public final class HostView {
    private static final Path SOCKETS = Path.of("/proc/net");

    private HostView() {}

    /**
     * Of a packet through an interface of this host, one sentence each.
     *
     * @param bridge true: the interface is a bridge, and its packets are not for this host
     */
    public static List<String> of(LoggedPacket packet, boolean bridge) {
        if (bridge) {
            return List.of(packet.interfaceName()
                    + " is a bridge, and the packet is not for this host: sockets and routes are those of other hosts");
        }
        boolean ingress = packet.direction().equals("ingress");
        List<String> sentences = new ArrayList<>();
        try {
            Optional<NextHop> destination = NextHop.to(inet(packet.to()));
            boolean isOwn = destination.map(NextHop::isLocal).orElse(false);
            if (ingress && isOwn) {
                listening(packet).ifPresent(sentences::add);
            } else if (ingress) {
                sentences.add(packet.to() + " is no address of this host");
            }
            sentences.addAll(way(ingress ? packet.from() : packet.to()));
        } catch (IOException unknown) {
            sentences.add("sockets and routes of this host can't be read: " + unknown.getMessage());
        }
        return sentences;
    }

    private static Optional<String> listening(LoggedPacket packet) throws IOException {
        if (!ListeningSockets.knows(packet.protocol())) {
            return Optional.empty();
        }
        String port = Rule.protocolName(packet.protocol()) + " port " + packet.toPort();
        List<Address> addresses = new ListeningSockets(SOCKETS).on(packet.protocol(), packet.toPort());
        if (addresses.isEmpty()) {
            return Optional.of("nothing listens on " + port);
        }
        boolean reached = addresses.stream().anyMatch(address -> reaches(address, packet.to()));
        String where = addresses.stream().map(Address::toString).distinct().collect(Collectors.joining(", "));
        return Optional.of(
                reached
                        ? "a program listens on " + port + " (" + where + ")"
                        : "a program listens on " + port + " of " + where + " alone, not of " + packet.to());
    }

    /** A socket of :: receives IPv4 too, unless its program has excluded that (ipv6(7), IPV6_V6ONLY). */
    private static boolean reaches(Address listening, Address destination) {
        boolean isAny = listening.high() == 0 && listening.low() == 0;
        return listening.equals(destination) || isAny && (listening.isV6() || !destination.isV6());
    }

    private static List<String> way(Address peer) throws ErrnoException {
        Optional<NextHop> found = NextHop.to(inet(peer));
        if (found.isEmpty()) {
            return List.of("no route leads to " + peer + ": no answer finds its way");
        }
        NextHop hop = found.get();
        if (hop.isLocal()) {
            return List.of(peer + " is an address of this host itself");
        }
        String nic = Nics.at(hop.nic()).map(each -> each.name()).orElse("NIC " + hop.nic());
        String neighbour = Neighbour.of(hop.nic(), hop.address())
                .map(known -> "is " + known.state() + (known.mac().isEmpty() ? "" : " at " + known.mac()))
                .orElse("is not known yet");
        Address next = address(hop.address());
        return List.of(
                "the route to " + peer + " leaves by " + nic + (hop.isGateway() ? " through " + next : ""),
                "the neighbour " + next + " " + neighbour);
    }

    private static InetAddress inet(Address address) {
        byte[] bytes = address.isV6()
                ? ByteBuffer.allocate(16)
                        .putLong(address.high())
                        .putLong(address.low())
                        .array()
                : ByteBuffer.allocate(4).putInt((int) address.low()).array();
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(address.toString(), impossible);
        }
    }

    private static Address address(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return bytes.limit() == 16
                ? new Address(true, bytes.getLong(), bytes.getLong())
                : new Address(false, 0, Integer.toUnsignedLong(bytes.getInt()));
    }
}
