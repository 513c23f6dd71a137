/**
 * The fast path: programs in the kernel that forward the packets of flows which the daemon has admitted.
 * {@link io.portcullis.fastpath.FastLayout} is the memory that they share with the daemon, {@link io.portcullis.fastpath.FastTable} the
 * daemon's access to it. {@link io.portcullis.fastpath.Grants} decides which flows have a line and a grant; start reading there. A {@link
 * io.portcullis.fastpath.FastProgram} is put together by its parts, in the order in which a frame meets them: {@code Parsing}, {@code
 * Hashing}, {@code Finding}, {@code Granting}, {@code Summing}, {@code Timing}, {@code Following} with {@code Acknowledging}, {@code
 * Accounting}; where one of them says no, {@code SendingUp}.
 *
 * <p>May import {@code conntrack}, {@code packet}, {@code packet.wire}, {@code linux}, {@code linux.bpf} and {@code net}.
 */
@NullMarked
package io.portcullis.fastpath;

import org.jspecify.annotations.NullMarked;
