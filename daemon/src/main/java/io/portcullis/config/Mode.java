package io.portcullis.config;

import java.time.Duration;
import java.util.List;

/** How an interface stands between outside and inside, and on which NICs. */
public sealed interface Mode {
    /**
     * Two NICs, transparently bridged.
     *
     * @param outside NIC towards the world
     * @param inside NIC towards what is guarded
     * @param followLinkState true: when one NIC loses its carrier, the other is taken down meanwhile
     * @param learn so long after a start a plain ACK that a rule admits starts a flow; zero: never
     */
    record Bridge(String outside, String inside, boolean followLinkState, Duration learn) implements Mode {
        public Bridge {
            if (!Interface.isNicName(outside) || !Interface.isNicName(inside) || outside.equals(inside)) {
                throw new IllegalArgumentException("outside " + outside + ", inside " + inside);
            }
        }

        @Override
        public List<String> nics() {
            return List.of(outside, inside);
        }

        @Override
        public String key() {
            return "bridge";
        }
    }

    /**
     * One NIC of this host, in place.
     *
     * @param nic what the network is behind
     * @param adoptEstablished true: a start without a flow table keeps the connections that this host already has
     */
    record Host(String nic, Attach attach, boolean adoptEstablished) implements Mode {
        public Host {
            if (!Interface.isNicName(nic)) {
                throw new IllegalArgumentException("nic " + nic);
            }
        }

        @Override
        public List<String> nics() {
            return List.of(nic);
        }

        @Override
        public String key() {
            return "host";
        }
    }

    /** The NICs that are named, outside first. */
    List<String> nics();

    /** As it is written. */
    String key();
}
