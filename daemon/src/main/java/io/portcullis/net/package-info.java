/**
 * Values that every package shares: addresses and blocks, ports, protocol numbers, names of services and protocols, Ethernet types,
 * directions, classes of link traffic. No state; no I/O but the tables of {@link io.portcullis.net.Names}.
 *
 * <p>Imports no other package of this program. Start reading at {@link io.portcullis.net.Cidr}.
 */
@NullMarked
package io.portcullis.net;

import org.jspecify.annotations.NullMarked;
