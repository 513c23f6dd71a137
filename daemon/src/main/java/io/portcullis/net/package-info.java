/**
 * Words that every package shares: addresses and blocks of them, ports, protocols, directions, classes of link
 * traffic. Values only: no I/O, no state.
 *
 * <p>Imports no other package of ours. Start reading at {@link io.portcullis.net.Cidr}.
 */
@NullMarked
package io.portcullis.net;

import org.jspecify.annotations.NullMarked;
