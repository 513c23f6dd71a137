/**
 * Reads and changes over netlink: NICs, addresses, routes, sockets, nftables. {@link
 * io.portcullis.linux.netlink.Nics} reads and changes NICs, {@link io.portcullis.linux.netlink.NicEvents} receives the kernel's
 * notifications for the whole daemon, {@link io.portcullis.linux.netlink.NicChecks} runs checks at their time and after such
 * notifications, {@link io.portcullis.linux.netlink.TcpSockets} lists TCP sockets (sock_diag).
 *
 * <p>May import {@code linux} and {@code net}. Start reading at {@code Netlink}.
 */
@NullMarked
package io.portcullis.linux.netlink;

import org.jspecify.annotations.NullMarked;
