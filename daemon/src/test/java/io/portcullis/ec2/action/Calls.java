package io.portcullis.ec2.action;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.auth.Keys;
import io.portcullis.ec2.wire.Action;
import io.portcullis.ec2.wire.ActionTable;
import io.portcullis.ec2.wire.AnswerWriter;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Form;
import io.portcullis.ec2.wire.Service;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Calls of actions as clients write them, without signatures. */
final class Calls {
    private final Map<String, ActionHandler> handlers;

    Calls(TextStore store) {
        handlers = Actions.of(store);
    }

    /**
     * The answer, as XML.
     *
     * @param query {@code Action=DescribeVpcs&VpcId.1=vpc-0}; values need no encoding, unless they have {@code &}, {@code %} or {@code +}
     */
    String answer(String query) throws ApiException {
        Call call = of(query);
        ActionHandler handler = handlers.get(call.action().name());
        if (handler == null) {
            throw new AssertionError("no handler for " + call.action().name());
        }
        return new String(
                AnswerWriter.answer(call.action(), call.requestId(), handler.answer(call)), StandardCharsets.UTF_8);
    }

    /** The call that a query says. */
    static Call of(String query) throws ApiException {
        Form form = Form.parse("", query.getBytes(StandardCharsets.UTF_8));
        String name = form.value("Action").orElseThrow();
        Action action = ActionTable.find(name.equals("GetCallerIdentity") ? Service.STS : Service.EC2, name)
                .orElseThrow();
        return new Call(action, action.read(form), Keys.any(), "request-1");
    }

    /** The refusal as {@code Code: message}; fails if the call succeeds. */
    String refusal(String query) {
        try {
            return "no refusal: " + answer(query);
        } catch (ApiException refusal) {
            return refusal.error().code() + ": " + refusal.getMessage();
        }
    }

    /** A value for a query. */
    static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }
}
