/**
 * The kernel and the C library: the only packages with native calls (no other names {@code Linker}, {@code SymbolLookup} or
 * {@code reinterpret}).
 *
 * <p>Three layers: what callers use ({@link io.portcullis.linux.netlink.Nics}, {@link io.portcullis.linux.ethtool.Offloads},
 * {@link io.portcullis.linux.netlink.NicEvents}, {@link io.portcullis.linux.packet.PacketSocket},
 * {@link io.portcullis.linux.SystemdSocket}, {@link io.portcullis.linux.Inotify}); the protocol ({@code Netlink}: rtnetlink messages;
 * {@link io.portcullis.linux.packet.SocketFilter}: classic BPF); and C ({@link io.portcullis.linux.Libc}: one method per function,
 * which returns a negated errno and throws for no answer of the kernel). Callers get a refusal as
 * {@link io.portcullis.linux.ErrnoException}, with the call, the errno's name and its text.
 *
 * <p>All calls act in the network namespace of the calling thread. Imports no other packages but {@code net}. Start reading at
 * {@code Libc}.
 */
@NullMarked
package io.portcullis.linux;

import org.jspecify.annotations.NullMarked;
