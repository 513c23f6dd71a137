package io.portcullis.ec2.wire;

/** An action of the API, as the table describes it. */
public final class Action {
    private final String name;
    private final Service service;
    private final Shape request;
    private final Shape answer;

    Action(String name, Service service, Shape request, Shape answer) {
        this.name = name;
        this.service = service;
        this.request = request;
        this.answer = answer;
    }

    /** {@code DescribeTags}. */
    public String name() {
        return name;
    }

    public Service service() {
        return service;
    }

    /** True: it changes nothing. */
    public boolean reads() {
        return name.startsWith("Describe") || name.startsWith("Get");
    }

    /** True: the request may be a trial. */
    public boolean hasDryRun() {
        return request.inQuery("DryRun") != null;
    }

    Shape request() {
        return request;
    }

    Shape answer() {
        return answer;
    }

    /**
     * Reads the arguments of a request.
     *
     * @throws ApiException unknown, missing or malformed parameters
     */
    public Arguments read(Form form) throws ApiException {
        return ArgumentsReader.read(request, form);
    }

    @Override
    public String toString() {
        return name;
    }
}
