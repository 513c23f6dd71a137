/**
 * Values that every package shares: addresses and blocks, ports, protocol numbers, Ethernet types, directions, classes of link
 * traffic. No I/O, no state.
 *
 * <p>Imports no other package of this program. Start reading at {@link io.portcullis.net.Cidr}.
 */
@NullMarked
package io.portcullis.net;

import org.jspecify.annotations.NullMarked;
