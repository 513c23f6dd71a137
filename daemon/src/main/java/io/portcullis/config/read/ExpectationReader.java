package io.portcullis.config.read;

import io.portcullis.config.Expectation;
import io.portcullis.config.Rule;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the expectations of {@code expect} (security-groups.md section 7). */
final class ExpectationReader {
    private static final List<String> KEYS = List.of("interface", "ingress", "egress", "verdict", "why");

    private final References references;
    private final RuleReader ingress;
    private final RuleReader egress;

    ExpectationReader(References references) {
        this.references = references;
        ingress = RuleReader.expectedIngress(references);
        egress = RuleReader.expectedEgress(references);
    }

    /** The expectations of several lists. */
    List<Expectation> all(List<Value> lists) {
        List<Expectation> expectations = new ArrayList<>();
        for (Value list : lists) {
            if (!list.isNull()) {
                list.items("a list of expectations").forEach(item -> read(item, expectations));
            }
        }
        return expectations;
    }

    private void read(Value item, List<Expectation> into) {
        if (item.map("an expectation such as {interface: web0, ingress: {protocol: tcp, ports: 22, from: any},"
                        + " verdict: deny}")
                .isEmpty()) {
            return;
        }
        int errorsBefore = item.diagnostics().count();
        Fields fields = item.fields(KEYS);
        Optional<Value> name = fields.get("interface");
        name.ifPresent(references::toInterface);
        @Nullable
        String interfaceName =
                name.flatMap(value -> value.text("the name of an interface")).orElse(null);
        Optional<Value> in = fields.getNonNull("ingress", "{} for every packet");
        Optional<Value> out = fields.getNonNull("egress", "{} for every packet");
        if (in.isPresent() && out.isPresent()) {
            out.get().errorAtKey("not together with ingress: write one expectation for each direction");
        }
        Optional<Value> verdict = fields.get("verdict");
        if (verdict.isEmpty()) {
            item.diagnostics().error(item.location(), "verdict is missing: write allow or deny");
        }
        boolean allow = verdict.flatMap(value -> value.choice(List.of("allow", "deny")))
                .filter("allow"::equals)
                .isPresent();
        String why = fields.get("why").flatMap(value -> value.text("a text")).orElse("");
        Optional<Rule> inward = in.isPresent() ? ingress.read(in.get()) : Optional.of(ingress.everything(item));
        Optional<Rule> outward = out.isPresent() ? egress.read(out.get()) : Optional.of(egress.everything(item));
        if (item.diagnostics().count() > errorsBefore) {
            return;
        }
        // A key that an expectation leaves out matches everything, the direction too.
        if (out.isEmpty()) {
            into.add(new Expectation(interfaceName, true, inward.orElseThrow(), allow, why, item.location()));
        }
        if (in.isEmpty()) {
            into.add(new Expectation(interfaceName, false, outward.orElseThrow(), allow, why, item.location()));
        }
    }
}
