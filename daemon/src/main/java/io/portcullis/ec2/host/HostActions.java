package io.portcullis.ec2.host;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.wire.Pages;
import java.util.Map;
import java.util.TreeMap;

/** The actions about this host. */
public final class HostActions {
    private HostActions() {}

    /** The handlers, by the names of their actions. */
    public static Map<String, ActionHandler> of(CloudStore store, Pages pages) {
        Map<String, ActionHandler> all = new TreeMap<>();
        all.putAll(new AccountActions(store).handlers());
        all.putAll(new RegionActions(store).handlers());
        all.putAll(new ZoneActions(store).handlers());
        all.putAll(new VpcActions(store, pages).handlers());
        all.putAll(new SubnetActions(store, pages).handlers());
        all.putAll(new InterfaceActions(store, pages).handlers());
        all.putAll(new InstanceActions(store, pages).handlers());
        return all;
    }
}
