package io.portcullis.ec2.store;

import io.portcullis.config.Config;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Nic;
import java.util.Map;

/**
 * What is in force.
 *
 * @param number another one after each change
 */
public record InForce(long number, Config config, Account account, Map<String, Nic> nics) {
    public InForce {
        nics = Map.copyOf(nics);
    }
}
