/**
 * The fast path: programs in the kernel that forward the packets of flows which the daemon has admitted.
 * {@link io.portcullis.fastpath.FastLayout} is the memory that they share with the daemon, {@link io.portcullis.fastpath.FastTable} the
 * daemon's access to it. {@link io.portcullis.fastpath.Grants} decides which flows have a line and a grant; start reading there.
 *
 * <p>May import {@code conntrack}, {@code packet}, {@code packet.wire}, {@code linux}, {@code linux.bpf} and {@code net}.
 */
@NullMarked
package io.portcullis.fastpath;

import org.jspecify.annotations.NullMarked;
