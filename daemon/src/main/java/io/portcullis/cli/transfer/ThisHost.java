package io.portcullis.cli.transfer;

import io.portcullis.config.Config;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.store.MachineId;
import java.util.Map;

/** A configuration in EC2's terms, with the ids that the endpoint of this host shows. */
final class ThisHost {
    private ThisHost() {}

    static Cloud cloud(Config config) {
        return Cloud.of(config, Account.of(config, Ids.ofMachine(MachineId.read())), State.EMPTY, Map.of());
    }
}
