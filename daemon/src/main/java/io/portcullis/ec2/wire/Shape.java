package io.portcullis.ec2.wire;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A structure: members with names and types. */
final class Shape implements Type {
    private final String name;
    private final List<Member> members;
    private final Map<String, Member> byQuery = new HashMap<>();
    private final Map<String, Member> byXml = new HashMap<>();

    Shape(String name, List<Member> members) {
        this.name = name;
        this.members = List.copyOf(members);
        for (Member member : members) {
            if (byQuery.put(member.query(), member) != null || byXml.put(member.xml(), member) != null) {
                throw new IllegalArgumentException(name + " has two members " + member.query());
            }
        }
    }

    String name() {
        return name;
    }

    List<Member> members() {
        return members;
    }

    /** The member of this name in a query; null: there is none. */
    @Nullable
    Member inQuery(String query) {
        return byQuery.get(query);
    }

    /** The member of this name in XML; null: there is none. */
    @Nullable
    Member inXml(String xml) {
        return byXml.get(xml);
    }

    @Override
    public String toString() {
        return name;
    }
}
