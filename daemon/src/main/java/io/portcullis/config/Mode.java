package io.portcullis.config;

import java.time.Duration;
import java.util.List;

/** How an interface filters traffic, and on which NICs. */
public sealed interface Mode {
    /** The kernel hook of host mode's programs. */
    enum Attach {
        /** {@link #TCX} if the kernel has it, else {@link #CLSACT}. */
        AUTO("auto"),
        /** Linux 6.6 and later. */
        TCX("tcx"),
        /** A qdisc and its filters: every kernel since 4.5. */
        CLSACT("clsact");

        private final String key;

        Attach(String key) {
            this.key = key;
        }

        /** The word in the configuration. */
        public String key() {
            return key;
        }
    }

    /**
     * A transparent bridge between two NICs.
     *
     * @param outside NIC towards the world
     * @param inside NIC towards the guarded network
     * @param followLinkState true: while one NIC has no carrier, the other is down too
     * @param learn for this long after a start, a plain ACK that a rule admits creates a flow; zero: never
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
     * One NIC of this host.
     *
     * @param nic the host's link to the network
     * @param adoptEstablished true: a start without a flow table keeps the host's established connections
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

    /** The NICs, outside first. */
    List<String> nics();

    /** The word in the configuration. */
    String key();
}
