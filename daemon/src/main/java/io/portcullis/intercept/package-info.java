/**
 * Who the two ports of an interface are, and the firewall's own IP stack kept off them. A bridge
 * ({@link io.portcullis.intercept.Bridge}) checks its two NICs before it touches anything, writes down what a stop must
 * restore, changes it, and puts exactly that back: on a stop, when the attaching fails half-way, or from the journal after a
 * crash.
 *
 * <p>What keeps the stack off: {@code disable_ipv6} 1 (no IPv6 at all, so no router advertisement counts);
 * {@code rp_filter} 1 (a NIC without address and route then refuses every IPv4 packet that has a source address, and with it
 * ARP requests for addresses of other NICs); {@code arp_ignore} 8 (ARP probes, whose sender is 0.0.0.0, pass
 * {@code rp_filter}, and were answered for other NICs' addresses). The larger of {@code conf/all} and {@code conf/NIC}
 * counts for the last two, and larger values refuse no less, so {@code conf/all} needs no look. What they cannot stop:
 * IPv4 from 0.0.0.0 to 255.255.255.255 or 224.0.0.0/24 (a DHCP discover) reaches local sockets that listen to any address.
 *
 * <p>May import {@code port}, {@code linux} and {@code config}. Start reading at {@code Bridge.attach}.
 */
@NullMarked
package io.portcullis.intercept;

import org.jspecify.annotations.NullMarked;
