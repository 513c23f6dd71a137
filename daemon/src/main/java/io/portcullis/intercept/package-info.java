/**
 * Takes the traffic of an interface from the kernel to the two ports, and gives it back. An {@link
 * io.portcullis.intercept.Interception} is a {@link io.portcullis.intercept.Bridge} between two NICs, or a {@link
 * io.portcullis.intercept.Host} on one, with its {@code VethPairs}. Each checks its NICs before it changes anything ({@code
 * NicCheck}), notes their original state ({@code Journal}, of which {@code RestoreLog} is the one owner), and makes them ready
 * ({@code NicSetup}). Last it attaches the {@code Programs} that steer the traffic: a {@code ProgramSet} over {@code TcxHook}s
 * or {@code ClsactHook}s. {@link io.portcullis.intercept.Restoration} restores exactly the noted state ({@code NicRestore}): when
 * attaching fails half-way, by {@code portcullis detach}, or by the start after a crash. Programs and pairs that no journal has are
 * recognised ({@code OwnObjects}). A start takes over the programs on its NICs ({@code Takeover}); a NIC that can't be guarded is
 * shut ({@link io.portcullis.intercept.ClosedNics}). With a fast path ({@link io.portcullis.intercept.fast.FastPrograms}) the ports receive
 * on taps, to which its programs send what needs a decision. A {@link io.portcullis.intercept.Gate} decides where no daemon does: at boot, and with
 * {@code on-failure: failsafe}.
 *
 * <p>Besides the programs, three sysctls keep a bridge's host off the wire: {@code disable_ipv6} 1 (no IPv6 at all, so that no
 * router advertisement has an effect); {@code rp_filter} 1 (a NIC without address and route then drops every IPv4 packet that has a
 * source address, and ARP requests for addresses of other NICs); {@code arp_ignore} 8 (ARP probes, whose sender is 0.0.0.0, pass
 * {@code rp_filter}, and were answered for other NICs' addresses). The larger of {@code conf/all} and {@code conf/NIC}
 * counts for the last two, and larger values drop no less, so that {@code conf/all} need not be read. They cannot stop IPv4 from
 * 0.0.0.0 to 255.255.255.255 or 224.0.0.0/24 (a DHCP discover): it reaches local sockets that listen to any address.
 *
 * <p>May import {@code linux}, {@code config} and {@code net}. Start reading at {@code Interception}.
 */
@NullMarked
package io.portcullis.intercept;

import org.jspecify.annotations.NullMarked;
