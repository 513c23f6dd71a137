package io.portcullis.ec2.model;

import io.portcullis.config.NetworkAcl;
import java.util.Map;
import java.util.Optional;

/**
 * A network ACL.
 *
 * @param written in the configuration; empty: the default one, which interfaces without an ACL have, and which allows everything
 */
public record Acl(String id, Optional<NetworkAcl> written, Map<String, String> tags) {
    /** True: the one of interfaces without an ACL. */
    public boolean isDefault() {
        return written.isEmpty();
    }
}
