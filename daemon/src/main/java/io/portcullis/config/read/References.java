package io.portcullis.config.read;

import io.portcullis.config.yaml.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** References by name, collected until the whole configuration is read, and then checked. */
final class References {
    private final List<Value> groups = new ArrayList<>();
    private final List<Value> lists = new ArrayList<>();
    private final List<Value> acls = new ArrayList<>();
    private final List<Value> interfaces = new ArrayList<>();
    private final List<Value> interfaceKeys = new ArrayList<>();

    /** {@code name} is the name of a security group. */
    void toGroup(Value name) {
        groups.add(name);
    }

    /** {@code name} is the name of a prefix list. */
    void toList(Value name) {
        lists.add(name);
    }

    /** {@code name} is the name of a network ACL. */
    void toAcl(Value name) {
        acls.add(name);
    }

    /** {@code name} is the name of an interface. */
    void toInterface(Value name) {
        interfaces.add(name);
    }

    /** The key of {@code value} is the name of an interface. */
    void toInterfaceInKey(Value value) {
        interfaceKeys.add(value);
    }

    /** Adds an error for each reference to a name that does not exist. */
    void check(Set<String> groupNames, Set<String> listNames, Set<String> aclNames, Set<String> interfaceNames) {
        groups.forEach(name -> check(name, "security group", groupNames));
        lists.forEach(name -> check(name, "prefix list", listNames));
        acls.forEach(name -> check(name, "network ACL", aclNames));
        interfaces.forEach(name -> check(name, "interface", interfaceNames));
        interfaceKeys.stream()
                .filter(value -> !interfaceNames.contains(value.key()))
                .forEach(value -> value.errorAtKey(
                        "no such interface" + value.diagnostics().hint(value.key(), interfaceNames)));
    }

    private static void check(Value reference, String kind, Set<String> names) {
        reference.text("the name of a " + kind).ifPresent(name -> {
            if (!names.contains(name)) {
                reference.error("no such " + kind + reference.diagnostics().hint(name, names));
            }
        });
    }
}
