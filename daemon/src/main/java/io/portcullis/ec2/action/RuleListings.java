package io.portcullis.ec2.action;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Lists the rules of security groups, and finds those that a request names. */
final class RuleListings {
    private static final Set<String> FILTERS = Tags.andFilters("group-id", "security-group-rule-id");

    private final CloudStore store;
    private final Pages pages;

    RuleListings(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("DescribeSecurityGroupRules", this::describe);
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Arguments request = call.arguments();
        Filters filters = Filters.of(request, FILTERS);
        requireGroupIds(request);
        Set<String> named = new HashSet<>();
        for (String id : request.strings("SecurityGroupRuleId")) {
            named.add(byId(cloud, id).id());
        }
        List<GroupRule> found = cloud.rules().stream()
                .filter(rule -> named.isEmpty() || named.contains(rule.id()))
                .filter(rule -> filters.pass(name -> property(rule, name)))
                .toList();
        Pages.Page<GroupRule> page = pages.page(call.action(), request, found, GroupRule::id);
        return new Fields.Builder()
                .with(
                        "securityGroupRuleSet",
                        page.items().stream()
                                .map(rule -> RuleFields.rule(cloud, rule))
                                .toList())
                .with("nextToken", page.next())
                .build();
    }

    /** Of all filters, EC2 checks the values of this one. */
    private static void requireGroupIds(Arguments request) throws ApiException {
        for (Arguments filter : request.structures("Filter")) {
            if (!filter.required("Name").equals("group-id")) {
                continue;
            }
            for (String value : filter.strings("Value")) {
                if (value.indexOf('*') < 0 && value.indexOf('?') < 0) {
                    GroupLookup.requireWellFormed(value);
                }
            }
        }
    }

    private static Collection<String> property(GroupRule rule, String name) {
        return switch (name) {
            case "group-id" -> List.of(rule.groupId());
            case "security-group-rule-id" -> List.of(rule.id());
            default -> Tags.property(name, rule.tags());
        };
    }

    /**
     * The rule with an id.
     *
     * @throws ApiException InvalidSecurityGroupRuleId.Malformed, InvalidSecurityGroupRuleId.NotFound
     */
    static GroupRule byId(Cloud cloud, String id) throws ApiException {
        if (!ResourceKind.RULE.isWellFormed(id)) {
            throw ApiError.RULE_ID_MALFORMED.of(id);
        }
        return cloud.rule(id).orElseThrow(() -> ApiError.RULE_ID_NOT_FOUND.of(id));
    }
}
