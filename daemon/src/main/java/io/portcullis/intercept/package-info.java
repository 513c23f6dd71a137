/**
 * Who the two ports of an interface are: an {@link io.portcullis.intercept.Interception}, which is a
 * {@link io.portcullis.intercept.Bridge} between two NICs or a {@link io.portcullis.intercept.VethPairs} on one. Each checks its NICs
 * before it touches anything, writes down what must be restored ({@code Journal}, of which {@code RestoreLog} is the one owner),
 * makes them ready, and last of all has programs in the kernel steer the traffic ({@code Barrier} attaches what {@code Programs}
 * has). Exactly what was written down is put back ({@link io.portcullis.intercept.Restoration}): when the attaching fails half-way,
 * by {@code portcullis detach}, or by the start after a crash. What no journal tells is recognised ({@code Ours}). A start takes
 * over what it finds on its NICs ({@code Takeover}); a NIC that can't be guarded is shut ({@link io.portcullis.intercept.Shut}).
 *
 * <p>What keeps a bridge's host off the wire, besides the programs: {@code disable_ipv6} 1 (no IPv6 at all, so no router
 * advertisement counts); {@code rp_filter} 1 (a NIC without address and route then refuses every IPv4 packet that has a source address, and with it
 * ARP requests for addresses of other NICs); {@code arp_ignore} 8 (ARP probes, whose sender is 0.0.0.0, pass
 * {@code rp_filter}, and were answered for other NICs' addresses). The larger of {@code conf/all} and {@code conf/NIC}
 * counts for the last two, and larger values refuse no less, so {@code conf/all} needs no look. What they cannot stop:
 * IPv4 from 0.0.0.0 to 255.255.255.255 or 224.0.0.0/24 (a DHCP discover) reaches local sockets that listen to any address.
 *
 * <p>May import {@code port}, {@code linux} and {@code config}. Start reading at {@code Interception}.
 */
@NullMarked
package io.portcullis.intercept;

import org.jspecify.annotations.NullMarked;
