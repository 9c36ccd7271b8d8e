import * as gpuSizing from "@pulumi/gpu-sizing";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const llm = new gpuSizing.GpuCluster("llm", {
    model: "llama-3.1-405b",
    precision: "bf16",
    workload: { context: 8192, concurrency: 16 },
    huggingFaceToken: config.requireSecret("huggingFaceToken"),
});

export const nodes = llm.nodes;
export const layout = llm.plan.apply((plan) => plan.layout);
export const hourlyCostUsd = llm.hourlyCostUsd;
export const monthlyCostUsd = llm.monthlyCostUsd;
export const endpointUrl = llm.endpointUrl;
