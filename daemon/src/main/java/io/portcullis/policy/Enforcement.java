package io.portcullis.policy;

/** What is made of the rules of a policy: {@code portcullis panic} and {@code portcullis bypass} set them aside. */
public enum Enforcement {
    /** They decide, as the configuration says ({@code enforce}). */
    RULES,
    /** Every frame passes. One that they refuse is counted as under {@code enforce: audit}. */
    BYPASS,
    /** No frame passes, link traffic included. */
    PANIC,
    /**
     * Only flows that failsafe rules admit pass, and the link traffic of {@code pass-through} that they need: ARP, NDP, MLD, DHCP,
     * EAPOL, LACP, STP.
     */
    FAILSAFE_ONLY
}
