package io.portcullis.ec2.action;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.host.HostActions;
import io.portcullis.ec2.tag.TagActions;
import io.portcullis.ec2.tag.TagListings;
import io.portcullis.ec2.wire.Pages;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** All actions that are offered. */
public final class Actions {
    private Actions() {}

    /** The handlers, by the names of their actions. */
    public static Map<String, ActionHandler> of(CloudStore store) {
        Pages pages = new Pages();
        Map<String, ActionHandler> all = new TreeMap<>();
        all.putAll(new GroupActions(store).handlers());
        all.putAll(new GroupListings(store, pages).handlers());
        all.putAll(new RuleListings(store, pages).handlers());
        all.putAll(new RuleActions(store).handlers());
        all.putAll(new RuleEdits(store).handlers());
        all.putAll(new PrefixListActions(store, pages).handlers());
        all.putAll(new PrefixListChanges(store).handlers());
        all.putAll(new PrefixListEdits(store).handlers());
        all.putAll(new AclActions(store, pages).handlers());
        all.putAll(new AclEntryActions(store).handlers());
        all.putAll(new TagActions(store).handlers());
        all.putAll(new TagListings(store, pages).handlers());
        all.putAll(HostActions.of(store, pages));
        return Collections.unmodifiableMap(all);
    }
}
