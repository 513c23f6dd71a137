package io.portcullis.ec2.state;

/** How a call ended (ManagedPrefixList, EC2 API Reference); here none of them is ever in progress. */
public enum ListStatus {
    CREATED("create-complete"),
    MODIFIED("modify-complete"),
    RESTORED("restore-complete"),
    NOT_DELETED("delete-failed");

    private final String label;

    ListStatus(String label) {
        this.label = label;
    }

    /** EC2's word for it. */
    public String label() {
        return label;
    }
}
