package io.portcullis.metrics;

/**
 * An interface of the configuration at the moment of a scrape, guarded or not.
 *
 * @param nic its NICs, comma between, the outside one first
 * @param datapath empty while it is not guarded
 * @param forwarding whether frames that the rules admit can pass
 */
public record InterfaceState(String name, String mode, String nic, String datapath, boolean forwarding) {}
